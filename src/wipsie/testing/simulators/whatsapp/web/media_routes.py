"""Media of the Graph side: upload, look up, delete; and the bytes, at addresses that end after five minutes."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from python_multipart.exceptions import MultipartParseError
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp

from wipsie.testing.simulators.whatsapp.faults import Fault, Faults
from wipsie.testing.simulators.whatsapp.file_kinds import HEAD_BYTES, problem_of
from wipsie.testing.simulators.whatsapp.graph.error_codes import described
from wipsie.testing.simulators.whatsapp.graph.errors import GraphError, no_such_object
from wipsie.testing.simulators.whatsapp.graph.fields import invalid, missing
from wipsie.testing.simulators.whatsapp.media_store import (
    PIECE_BYTES,
    FileTooLarge,
    MediaStore,
    Medium,
    NoRoom,
    StoredFile,
)
from wipsie.testing.simulators.whatsapp.settings import MEDIA_BYTES_MAX, Behaviour
from wipsie.testing.simulators.whatsapp.web.breakable import break_connection
from wipsie.testing.simulators.whatsapp.web.forms import Form, read_form
from wipsie.testing.simulators.whatsapp.web.graph_calls import VERSION, BodyTooLarge, GraphCalls

_FORM_BYTES_MAX = MEDIA_BYTES_MAX + 64 * 1024


class MediaRoutes:
    """One per simulator."""

    def __init__(
        self, calls: GraphCalls, media: MediaStore, *, faults: Faults, behaviour: Behaviour, base_url: str
    ) -> None:
        self._calls = calls
        self._media = media
        self._faults = faults
        self._behaviour = behaviour
        self._base_url = base_url

    async def upload(self, request: Request) -> ASGIApp:
        """`POST /{phone_number_id}/media`."""
        form: Form | None = None
        problem: GraphError | None = None
        try:
            form = await read_form(request, self._media, bytes_max=_FORM_BYTES_MAX)
        except (BodyTooLarge, FileTooLarge):
            problem = GraphError(131053, f"A file may have {MEDIA_BYTES_MAX} bytes.")
        except (MultiPartException, MultipartParseError):
            problem = GraphError(100, "The body is not a form with a file.")
        except NoRoom as error:
            problem = GraphError(131016, str(error))

        async def work() -> Any:
            _check_version(request)
            self._calls.check_number(request.path_params["number_id"])
            if problem is not None:
                raise problem
            assert form is not None
            return {"id": self._take(form).id}

        asked = {**form.fields, "file": form.file_words} if form is not None else None
        return await self._calls.carry_out(request, "upload", asked, work)

    async def look_up(self, request: Request) -> ASGIApp:
        """`GET /{media_id}`: what is known of it, and an address for its bytes."""

        async def work() -> Any:
            _check_version(request)
            medium = self._found(request)
            digest = medium.announced_sha256
            size = medium.announced_size
            return {
                "messaging_product": "whatsapp",
                "url": self._media.address(self._base_url, medium),
                "mime_type": medium.mime_type,
                "sha256": digest.hex() if self._behaviour.lookup_sha256 == "hex" else base64.b64encode(digest).decode(),
                "file_size": str(size) if self._behaviour.file_size == "string" else size,
                "id": medium.id,
            }

        return await self._calls.carry_out(request, "lookup", dict(request.query_params), work)

    async def delete(self, request: Request) -> ASGIApp:
        """`DELETE /{media_id}`."""

        async def work() -> Any:
            _check_version(request)
            self._media.delete(self._found(request).id)
            return {"success": True}

        return await self._calls.carry_out(request, "delete", None, work)

    async def download(self, request: Request) -> ASGIApp:
        """The bytes. The token is needed here too, and a User-Agent."""

        async def work() -> Any:
            if self._behaviour.requires_user_agent and not request.headers.get("user-agent", "").strip():
                return Response(status_code=403)
            query = request.query_params
            medium = self._media.at_address(query.get("mid", ""), query.get("ext", ""), query.get("hash", ""))
            if medium is None:
                return Response(status_code=404)
            broken = self._faults.take("truncated", "corrupted", "endless", route="download")
            slow = self._faults.take("slow", route="download")
            # The declared length is the announced one only where it is true: a wrong one would break the connection.
            length = (
                {}
                if broken is not None and broken.kind == "endless"
                else {"Content-Length": str(medium.file.size_bytes)}
            )
            return StreamingResponse(
                self._bytes(request, medium.file, broken, slow), media_type=medium.mime_type, headers=length
            )

        return await self._calls.carry_out(request, "download", {"mid": request.query_params.get("mid")}, work)

    async def _bytes(
        self, request: Request, file: StoredFile, broken: Fault | None, slow: Fault | None
    ) -> AsyncIterator[bytes]:
        kind = broken.kind if broken is not None else None
        sent = 0
        async with contextlib.aclosing(file.pieces()) as pieces:
            async for chunk in pieces:
                if slow is not None and not await self._calls.pause(request, slow.seconds):
                    await break_connection(request)
                    return
                part = chunk
                if kind == "corrupted" and sent == 0:
                    part = bytes((chunk[0] ^ 0xFF,)) + chunk[1:]
                if kind == "truncated":
                    yield part[: len(part) // 2]
                    await break_connection(request)
                    return
                sent += len(part)
                yield part
        while kind == "endless" and not await request.is_disconnected():
            yield b"\x00" * PIECE_BYTES

    def _take(self, form: Form) -> Medium:
        if form.fields.get("messaging_product") != "whatsapp":
            raise (
                missing("messaging_product")
                if "messaging_product" not in form.fields
                else invalid("messaging_product", "must be whatsapp.")
            )
        if form.file is None:
            raise missing("file")
        mime_type = form.fields.get("type") or form.file_type
        if not mime_type:
            raise missing("type")
        problem = problem_of(mime_type, form.file.size_bytes, form.file.head[:HEAD_BYTES])
        if problem is not None:
            form.discard()
            raise GraphError(131053, f"{described(131053).details} {problem}")
        return self._media.announce(form.file, mime_type=mime_type, filename=form.filename, origin="upload")

    def _found(self, request: Request) -> Medium:
        media_id = request.path_params["object_id"]
        number_id = request.query_params.get("phone_number_id")
        if number_id is not None:
            self._calls.check_number(number_id)
        medium = self._media.find(media_id)
        if medium is None:
            raise no_such_object(media_id)
        return medium


def _check_version(request: Request) -> None:
    if VERSION.fullmatch(request.path_params["version"]) is None:
        raise GraphError(2500, message="Unknown path components", status_code=400)
