"""Polling a source: fetch what changed, file it, and tell what passed the filters."""

from __future__ import annotations

import email.utils
import hashlib
from typing import Any

import msgspec

from wipsie.blobs import Blob, BlobCorrupt, BlobNotFound, BlobStore
from wipsie.kernel.clock import Clock, iso_utc_ms
from wipsie.queue.message import StandardMessage
from wipsie.slices.tasks.domain.items import Selection, body_kind, datetime_ms, select_items
from wipsie.slices.tasks.gateways.http_client import HttpAnswer, HttpClient, host_of, without_credentials
from wipsie.slices.tasks.gateways.http_errors import HttpRefused, HttpUnreachable
from wipsie.slices.tasks.gateways.s3_source import SCHEME, S3Source
from wipsie.slices.tasks.handlers.refusals import final_refusals
from wipsie.slices.tasks.schemas.task_data import DataPollingData
from wipsie.slices.tasks.store import PollSource, PollSourceStore, source_key
from wipsie.workers.breaker import BreakerRegistry
from wipsie.workers.handler import Reject, Retry, TaskContext

SELECT_TIMEOUT_S = 60.0
_SELECT_INLINE_BYTES = 256 * 1024
_ACCEPT = "application/json, application/x-ndjson, text/csv, text/plain;q=0.5, */*;q=0.1"
_SUFFIXES = {"json": "json", "ndjson": "ndjson", "csv": "csv", "text": "txt"}


class PollResult(msgspec.Struct, kw_only=True):
    """What one poll brought; filed as the task's result."""

    status: str
    """fetched or not_modified."""
    http_status: int
    source_url: str
    """Without credentials."""
    content_type: str | None
    bytes: int | None
    sha256: str | None
    blob_key: str | None
    """The body as it was served; usable as ``input_data`` of a processing task."""
    items: int | None
    """How many the body holds; None when the source did not change and was never fetched here."""
    matched: int | None
    matched_blob_key: str | None
    """The items that passed, one JSON value a line."""
    sample: list[Any]
    last_poll_time: str
    next_poll_time: str


class _SourceFailed(Exception):
    """The source answered that it cannot answer now."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(f"{answer.url} answered {answer.status}.")
        self.answer = answer


def is_source_failure(error: BaseException) -> bool:
    """What opens a source's breaker: no answer, or one that says the server is ill. A refusal of ours or a 404 does not."""
    return isinstance(error, HttpUnreachable) or (isinstance(error, _SourceFailed) and error.answer.status >= 500)


class DataPollingHandler:
    """`process_data_polling`."""

    def __init__(
        self,
        *,
        client: HttpClient,
        objects: S3Source,
        sources: PollSourceStore,
        blobs: BlobStore,
        breakers: BreakerRegistry,
        clock: Clock,
    ) -> None:
        self._client = client
        self._objects = objects
        self._sources = sources
        self._blobs = blobs
        self._breakers = breakers
        self._clock = clock

    async def process_data_polling(self, message: StandardMessage[DataPollingData], context: TaskContext) -> PollResult:
        """Ask `source_url` for what changed since the last poll, by its remembered validators (ETag, Last-Modified) or,
        for a source never polled here, by `last_poll_time`. A changed body is filed; `filters` choose items from it, and
        from the filed one when nothing changed, so a repeated delivery tells the same.

        `filters` is ``{field: value}`` or ``{field: {"op": "gt", "value": 3}}``; its reserved entry ``since_field`` names
        the field with an item's time, and then only items later than `last_poll_time` pass.

        Rejects bad addresses, 4xx answers, bodies that are too large or not what they say; retries 5xx, 408, 429 (when
        they say Retry-After, after at most an hour) and network errors, behind one circuit breaker per host or bucket.
        """
        data = message.data
        key = source_key(data.source_url)
        known = await self._sources.find(key)
        filed = await self._filed(known)
        if filed is None and known is not None:
            # Without its body the validators are worthless: "not modified" would leave us with nothing.
            known = msgspec.structs.replace(known, etag=None, last_modified=None, blob_key=None, content_sha256=None)
        try:
            answer = await self._fetch(data, known, filed is not None)
        except (Retry, Reject) as error:
            await self._remember_failure(key, data, known, str(error))
            raise
        now_ms = self._clock.now_ms()
        if answer.status == 304:
            return await self._not_modified(data, context, key, known, filed, now_ms)
        return await self._fetched(data, context, key, known, answer, now_ms)

    async def _filed(self, known: PollSource | None) -> Blob | None:
        if known is None or known.blob_key is None:
            return None
        try:
            return await self._blobs.get(known.blob_key)
        except (BlobNotFound, BlobCorrupt):
            return None

    async def _fetch(self, data: DataPollingData, known: PollSource | None, filed: bool) -> HttpAnswer:
        headers = {"Accept": _ACCEPT}
        if known is not None and filed:
            if known.etag is not None:
                headers["If-None-Match"] = known.etag
            if known.last_modified is not None:
                headers["If-Modified-Since"] = known.last_modified
        elif known is None and data.last_poll_time is not None:
            moment_s = datetime_ms(data.last_poll_time) / 1000
            headers["If-Modified-Since"] = email.utils.formatdate(moment_s, usegmt=True)
        is_object = data.source_url.startswith(SCHEME)
        place = f"{'s3' if is_object else 'http'}:{host_of(data.source_url)}"
        breaker = self._breakers.get(place, is_failure=is_source_failure)
        try:
            async with breaker:
                answer = await (self._objects if is_object else self._client).get(data.source_url, headers)
                if answer.status >= 500 or answer.status in (408, 429):
                    raise _SourceFailed(answer)
        except HttpRefused as error:
            raise Reject(error.reason, code=error.code) from error
        except HttpUnreachable as error:
            raise Retry(str(error)) from error
        except _SourceFailed as error:
            raise Retry(str(error), after_s=error.answer.retry_after_s(self._clock.now())) from error
        if answer.status not in (200, 203, 304):
            raise Reject(f"{answer.url} answered {answer.status}; nothing can be read from it.", code="SOURCE_REFUSED")
        return answer

    async def _fetched(
        self,
        data: DataPollingData,
        context: TaskContext,
        key: str,
        known: PollSource | None,
        answer: HttpAnswer,
        now_ms: int,
    ) -> PollResult:
        digest = hashlib.sha256(answer.content).hexdigest()
        suffix = _SUFFIXES[body_kind(answer.content_type, answer.content)]
        blob_key = f"polling/{key[:16]}/{digest}.{suffix}"
        content_type = answer.content_type or "application/octet-stream"
        await self._blobs.put(blob_key, answer.content, content_type)
        source = PollSource(
            source_key=key,
            url=without_credentials(data.source_url),
            status="fetched",
            http_status=answer.status,
            etag=answer.headers.get("etag"),
            last_modified=answer.headers.get("last-modified"),
            content_type=content_type,
            content_sha256=digest,
            content_bytes=len(answer.content),
            blob_key=blob_key,
            last_poll_time_ms=now_ms,
            last_changed_ms=known.last_changed_ms if known and known.content_sha256 == digest else now_ms,
        )
        try:
            selection = await self._select(context, answer.content, content_type, data)
        except Reject as error:
            await self._sources.save(msgspec.structs.replace(source, status="failed", last_error=error.reason))
            raise
        source = msgspec.structs.replace(source, item_count=selection.items)
        matched_key = await self._file_matched(key, selection)
        await self._sources.save(source)
        return self._result(data, source, selection, matched_key)

    async def _not_modified(
        self,
        data: DataPollingData,
        context: TaskContext,
        key: str,
        known: PollSource | None,
        filed: Blob | None,
        now_ms: int,
    ) -> PollResult:
        source = known or PollSource(
            source_key=key, url=without_credentials(data.source_url), status="not_modified", last_poll_time_ms=now_ms
        )
        source = msgspec.structs.replace(
            source, status="not_modified", http_status=304, last_poll_time_ms=now_ms, last_error=None
        )
        selection = None
        matched_key = None
        if filed is not None:
            selection = await self._select(context, filed.content, filed.info.content_type, data)
            matched_key = await self._file_matched(key, selection)
        await self._sources.save(source)
        return self._result(data, source, selection, matched_key)

    async def _select(
        self, context: TaskContext, content: bytes, content_type: str, data: DataPollingData
    ) -> Selection:
        since_ms = None if data.last_poll_time is None else datetime_ms(data.last_poll_time)
        with final_refusals():
            if len(content) <= _SELECT_INLINE_BYTES:
                return select_items(content, content_type, data.filters, since_ms)
            return await context.run_cpu(
                select_items, content, content_type, data.filters, since_ms, timeout_s=SELECT_TIMEOUT_S
            )

    async def _file_matched(self, key: str, selection: Selection) -> str | None:
        if not selection.matched:
            return None
        digest = hashlib.sha256(selection.ndjson).hexdigest()
        blob_key = f"polling/{key[:16]}/matched-{digest}.ndjson"
        await self._blobs.put(blob_key, selection.ndjson, "application/x-ndjson")
        return blob_key

    def _result(
        self, data: DataPollingData, source: PollSource, selection: Selection | None, matched_key: str | None
    ) -> PollResult:
        return PollResult(
            status=source.status,
            http_status=source.http_status or 0,
            source_url=source.url,
            content_type=source.content_type,
            bytes=source.content_bytes,
            sha256=source.content_sha256,
            blob_key=source.blob_key,
            items=selection.items if selection else None,
            matched=selection.matched if selection else None,
            matched_blob_key=matched_key,
            sample=selection.sample if selection else [],
            last_poll_time=iso_utc_ms(source.last_poll_time_ms),
            next_poll_time=iso_utc_ms(source.last_poll_time_ms + int(data.poll_interval * 1000)),
        )

    async def _remember_failure(self, key: str, data: DataPollingData, known: PollSource | None, error: str) -> None:
        source = known or PollSource(
            source_key=key, url=without_credentials(data.source_url), status="failed", last_poll_time_ms=0
        )
        await self._sources.save(
            msgspec.structs.replace(
                source, status="failed", http_status=None, last_poll_time_ms=self._clock.now_ms(), last_error=error
            )
        )
