"""``GET /api/mail/export``: many mails in one file, an mbox or a table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import anyio
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from wipsie.api.access import needs
from wipsie.api.gate import principal_of
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.api.parameters import refuse_unknown
from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import InvalidInput, TooManyRequests
from wipsie.slices.mail.rights import READ
from wipsie.slices.mail.routes.downloads import download_headers, file_chunks
from wipsie.slices.mail.routes.listing import printable
from wipsie.slices.mail.service.exporting import Exported, export_parquet, mbox_chunks
from wipsie.slices.mail.service.mail_views import PATH
from wipsie.slices.mail.service.work_folder import WorkFolder
from wipsie.slices.mail.store.selection import SelectedMail, Selection, select_mails
from wipsie.telemetry.logging import get_logger

AT_ONCE_MAX = 2
_RETRY_AFTER_S = 10.0
_TYPES = {"mbox": "application/mbox", "parquet": "application/vnd.apache.parquet"}

_log = get_logger(__name__)


def add_exports(router: APIRouter, database: Database, blobs: BlobStore, work: WorkFolder, clock: Clock) -> None:
    """Register the route; before any that takes ``/api/mail/{id}``."""
    parameters = (
        Parameter(
            name="format",
            type=Literal["mbox", "parquet"],
            default="mbox",
            description="mbox: the untouched originals, letters as small mails; parquet: a table of what the mails say.",
        ),
        Parameter(name="from", type=date, description="Only mails of this day (UTC) or later, for example 2026-11-01."),
        Parameter(name="to", type=date, description="Only mails of this day (UTC) or earlier."),
        Parameter(name="sender", description="Only those from this address, or from a domain with @ in front."),
    )
    turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def export_mails(request: Request) -> Response:
        """Mails in one file, the oldest first. What cannot be read is left out and told in the log."""
        refuse_unknown(request, *(parameter.name for parameter in parameters))
        given: Mapping[str, str] = request.query_params
        form = given.get("format", "mbox")
        if form not in _TYPES:
            raise InvalidInput("format is mbox or parquet.", details={"field": "format", "accepted": list(_TYPES)})
        selection = _selection(given)
        if turns.locked():
            raise TooManyRequests("Two exports are under way; ask again shortly.", retry_after_s=_RETRY_AFTER_S)
        await turns.acquire()
        try:
            async with database.unit_of_work() as unit:
                unit.record(
                    AuditEvent(
                        actor=principal_of(request).actor,
                        action="mail:archive:export",
                        object="mail:archive",
                        facts={"format": form},
                    )
                )
            chunks = _mbox(selection) if form == "mbox" else await _table(selection)
            # What keeps the file from being begun is still an answer of its own.
            first = await anext(chunks, b"")
        except BaseException:
            turns.release()
            raise
        name = f"mails-{datetime.fromtimestamp(clock.now(), UTC):%Y-%m-%d}.{form}"
        return _Export(first, chunks, turns, media_type=_TYPES[form], headers=download_headers(name, size=None))

    def rows(selection: Selection) -> AsyncGenerator[SelectedMail]:
        return select_mails(database, selection)

    async def _mbox(selection: Selection) -> AsyncGenerator[bytes]:
        report = Exported()
        async for chunk in mbox_chunks(rows(selection), blobs=blobs, work=work, report=report):
            yield chunk
        _tell(report)

    async def _table(selection: Selection) -> AsyncGenerator[bytes]:
        async with work.new() as folder:
            path = folder / "mails.parquet"
            _tell(await export_parquet(lambda: rows(selection), path, blobs=blobs))
            # Its name goes with the folder, its bytes when it is closed.
            file = await anyio.open_file(path, "rb")
        return file_chunks(file)

    router.add_api_route(
        f"{PATH}/export",
        export_mails,
        methods=["GET"],
        tags=["mail"],
        summary="Export mails",
        openapi_extra=describe(
            access=needs(READ),
            answers={
                200: Answer(
                    type=bytes,
                    description="The file.",
                    media_type=_TYPES["mbox"],
                    other_media_types=[_TYPES["parquet"]],
                )
            },
            parameters=parameters,
            error_statuses=(422, 429, 503),
        ),
    )


class _Export(StreamingResponse):
    """Gives its turn back however it ends, also when the client is gone before the first byte."""

    def __init__(
        self,
        first: bytes,
        rest: AsyncGenerator[bytes],
        turns: asyncio.Semaphore,
        *,
        media_type: str,
        headers: Mapping[str, str],
    ) -> None:
        async def whole() -> AsyncGenerator[bytes]:
            yield first
            async for chunk in rest:
                yield chunk

        super().__init__(whole(), media_type=media_type, headers=headers)
        self._rest = rest
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._turns.release()
            await self._rest.aclose()


def _tell(report: Exported) -> None:
    if report.unreadable:
        _log.warning("mails_not_exported", count=report.unreadable, keys=[one.key for one in report.missing])


def _selection(given: Mapping[str, str]) -> Selection:
    first, last = _day("from", given), _day("to", given)
    whole = Selection(sender=printable("sender", given) if given.get("sender") else "")
    return Selection(
        from_s=whole.from_s if first is None else max(0, _second(first)),
        until_s=whole.until_s if last is None else max(0, _second(last + timedelta(days=1))),
        sender=whole.sender,
    )


def _day(name: str, given: Mapping[str, str]) -> date | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.max
    if day == date.max:
        raise InvalidInput(f"{name} must be a day, for example 2026-11-01.", details={"field": name})
    return day


def _second(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
