"""Files of mails: the original, the document, an attachment. Always as a download: nothing a stranger sent is shown by a browser
under this origin."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from urllib.parse import quote

import anyio
from anyio import AsyncFile
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from wipsie.api.access import needs
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.kernel.errors import NotFound
from wipsie.slices.mail.domain.arrival import raw_key
from wipsie.slices.mail.domain.document import attachment_key
from wipsie.slices.mail.rights import READ
from wipsie.slices.mail.routes.archive import MAIL_ID, ONE
from wipsie.slices.mail.service.work_folder import WorkFolder
from wipsie.slices.mail.store import reading

_CHUNK_BYTES = 256 * 1024
_ANY_TYPE = "application/octet-stream"
SAFE_TYPES = frozenset(
    {
        "application/gzip",
        "application/json",
        "application/pdf",
        "application/zip",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/calendar",
        "text/csv",
        "text/plain",
    }
)
"""Types that may be told as the sender says; all others are bytes."""
_NUMBER = Parameter(name="number", where="path", type=int, required=True, description="Of the attachment, from 1.")


def add_downloads(router: APIRouter, database: Database, blobs: BlobStore, work: WorkFolder) -> None:
    """Register the routes."""

    async def download_original(request: Request) -> Response:
        """The mail as it came, byte for byte. A letter has none."""
        async with database.glance() as connection:
            row = await reading.get(connection, request.path_params["mail_id"])
        if row["raw_sha256"] is None:
            raise NotFound(
                f"The mail came as a letter and has no original; its document is at {ONE.format(mail_id=row['id'])}/document.",
                details={"mail_id": row["id"]},
            )
        return await _download(blobs, work, raw_key(row["raw_sha256"]), f"{row['id']}.eml", _ANY_TYPE)

    async def download_document(request: Request) -> Response:
        """The document of the archive: one JSON object on one line."""
        async with database.glance() as connection:
            row = await reading.get(connection, request.path_params["mail_id"])
        return await _download(blobs, work, row["object_key"], f"{row['id']}.json", "application/json")

    async def download_attachment(request: Request) -> Response:
        """One attachment."""
        text = request.path_params["number"]
        async with database.glance() as connection:
            row = await reading.get(connection, request.path_params["mail_id"])
            files = (await reading.attachments_of(connection, [row["number"]])).get(row["number"], [])
        file = next((one for one in files if str(one["number"]) == text), None)
        if file is None:
            raise NotFound(
                f"The mail has {len(files)} attachments, and none of this number.",
                details={"mail_id": row["id"], "number": text[:20]},
            )
        media_type = file["media_type"] if file["media_type"] in SAFE_TYPES else _ANY_TYPE
        return await _download(blobs, work, attachment_key(file["sha256"]), file["name"], media_type)

    for path, endpoint, summary, media_type, parameters in (
        (f"{ONE}/raw", download_original, "Download the original of a mail", _ANY_TYPE, (MAIL_ID,)),
        (f"{ONE}/document", download_document, "Download the document of a mail", "application/json", (MAIL_ID,)),
        (
            f"{ONE}/attachments/{{number}}",
            download_attachment,
            "Download an attachment",
            _ANY_TYPE,
            (MAIL_ID, _NUMBER),
        ),
    ):
        router.add_api_route(
            path,
            endpoint,
            methods=["GET"],
            tags=["mail"],
            summary=summary,
            openapi_extra=describe(
                access=needs(READ),
                answers={200: Answer(type=bytes, description="The bytes.", media_type=media_type)},
                parameters=parameters,
                error_statuses=(404, 503),
            ),
        )


async def _download(blobs: BlobStore, work: WorkFolder, key: str, name: str, media_type: str) -> Response:
    """Proved whole before the first byte leaves; in a file meanwhile, however large it is."""
    async with work.new() as folder:
        path = folder / "download"
        info = await blobs.fetch(key, path)
        # Its name goes with the folder, its bytes when it is closed: nothing is left behind whatever becomes of the client.
        file = await anyio.open_file(path, "rb")
    return StreamingResponse(file_chunks(file), media_type=media_type, headers=download_headers(name, size=info.size))


def download_headers(name: str, *, size: int | None) -> dict[str, str]:
    """Of a file that is saved under this name, shown by no browser and kept by no cache."""
    headers = {
        "Content-Disposition": content_disposition(name),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return headers if size is None else {**headers, "Content-Length": str(size)}


async def file_chunks(file: AsyncFile[bytes]) -> AsyncGenerator[bytes]:
    """The bytes of an open file, which is closed then."""
    async with file:
        while chunk := await file.read(_CHUNK_BYTES):
            yield chunk


def content_disposition(name: str) -> str:
    """To be saved under this name, whatever stands in it (RFC 6266)."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "._- ") else "_" for one in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
