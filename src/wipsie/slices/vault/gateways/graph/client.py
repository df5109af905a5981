"""The calls of the Graph API. Every one ends in time; the token goes in a header, to Meta's hosts alone, and into no text."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from wipsie.kernel import json
from wipsie.slices.vault.domain.sending.outcomes import NotSent, Refused, SendOutcome, Unknown
from wipsie.slices.vault.domain.whatsapp.errors import ApiError
from wipsie.slices.vault.domain.whatsapp.json_values import members
from wipsie.slices.vault.domain.whatsapp.media import (
    MediaPlace,
    is_media_url,
    origin_of,
    read_media_id,
    read_media_place,
)
from wipsie.slices.vault.domain.whatsapp.outgoing import Payload, ReadReceipt, receipt_payload
from wipsie.slices.vault.gateways.graph.answers import Answer, as_outcome, read_answer
from wipsie.slices.vault.gateways.graph.downloading import Download
from wipsie.slices.vault.gateways.graph.failures import GraphRefused, GraphUnreachable, PlaceRefused
from wipsie.slices.vault.gateways.graph.session import Written, open_session
from wipsie.slices.vault.gateways.graph.settings import GraphSettings
from wipsie.slices.vault.gateways.graph.uploading import FileToUpload, UploadForm

if TYPE_CHECKING:
    import aiohttp

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_REDIRECTS_MAX = 3
_NO_TOKEN = ApiError(code=0, title="no token is set")


class GraphClient:
    """One per process; opens its connections at the first call, and `stop` closes them."""

    def __init__(self, settings: GraphSettings, token: Callable[[], str]) -> None:
        """`token`: asked at every call, so that another one counts at once; empty while there is none."""
        self._settings = settings
        self._token = token
        self._base = f"{settings.url.rstrip('/')}/{settings.version}"
        self._session: aiohttp.ClientSession | None = None

    @property
    def token(self) -> str:
        """The one that is used now."""
        return self._token()

    async def stop(self) -> None:
        """Close all connections. May be called twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, phone_number_id: str, payload: Payload) -> SendOutcome:
        """Send a message, see `send_payload`, from a number of ours. Never raises for what the network does."""
        if not self._token():
            return Refused(error=_NO_TOKEN)
        written = Written()
        try:
            return as_outcome(
                await self._call("POST", f"{_id(phone_number_id)}/messages", written=written, content=payload)
            )
        except GraphUnreachable as error:
            return Unknown(str(error)) if written.has_connection else NotSent(str(error))

    async def mark_read(self, phone_number_id: str, receipt: ReadReceipt) -> SendOutcome:
        """Show the user that a message was read. As `send`."""
        return await self.send(phone_number_id, receipt_payload(receipt))

    async def media_lookup(self, media_id: str, *, phone_number_id: str | None = None) -> MediaPlace:
        """Where the bytes of a file are for the next five minutes. `phone_number_id`: only if it came to this number. GraphRefused
        (`is_gone` for an id that is unknown or over), GraphUnreachable."""
        answer = await self._checked("GET", _id(media_id), query=_restricted_to(phone_number_id))
        place = read_media_place(members(answer.body))
        if place is None:
            raise GraphUnreachable("the answer to a look-up of a file names no place")
        return place

    @asynccontextmanager
    async def download(self, url: str, *, bytes_max: int) -> AsyncGenerator[Download]:
        """The bytes at the `url` of a `MediaPlace`. PlaceRefused, GraphRefused (`is_gone` when the URL has ended), FileTooLarge,
        GraphUnreachable; the last two also while it is read."""
        async with self._bounded(self._settings.file_timeout_s):
            response = await self._open_place(url)
            try:
                if response.status != 200:
                    with _translated():
                        answer = await read_answer(response, bytes_max=self._settings.answer_bytes_max)
                    raise answer.refusal()
                yield Download(response, bytes_max=bytes_max, translated=_translated)
            finally:
                # Whatever was not read is not wanted.
                response.close()

    async def upload_media(self, phone_number_id: str, file: FileToUpload, *, media_type: str) -> str:
        """Give Meta a file for messages from this number, for 30 days. Its media id. GraphRefused, GraphUnreachable, and what
        reading the file raises."""
        form = UploadForm(file, media_type)
        try:
            answer = await self._checked(
                "POST",
                f"{_id(phone_number_id)}/media",
                headers=form.headers,
                content=form.body(),
                timeout_s=self._settings.file_timeout_s,
            )
        except GraphUnreachable:
            if form.failure is not None:
                raise form.failure from None
            raise
        media_id = read_media_id(members(answer.body))
        if media_id is None:
            raise GraphUnreachable("the answer to an upload names no file")
        return media_id

    async def delete_media(self, media_id: str, *, phone_number_id: str | None = None) -> bool:
        """Delete a file at Meta, sent or received; False when it is gone already. GraphRefused, GraphUnreachable."""
        try:
            await self._checked("DELETE", _id(media_id), query=_restricted_to(phone_number_id))
        except GraphRefused as refused:
            if refused.is_gone:
                return False
            raise
        return True

    async def _checked(self, method: str, path: str, **request: Any) -> Answer:
        if not self._token():
            raise GraphRefused(_NO_TOKEN, 401)
        answer = await self._call(method, path, **request)
        if not answer.is_success:
            raise answer.refusal()
        return answer

    async def _call(
        self,
        method: str,
        path: str,
        *,
        written: Written | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        content: Any = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """`content`: a value for JSON, or the pieces of a body with the headers that tell of it. GraphUnreachable."""
        sent = {"Authorization": f"Bearer {self._token()}", **(headers or {})}
        if content is not None and headers is None:
            content = json.encode(content)
            sent["Content-Type"] = "application/json"
        async with self._bounded(timeout_s or self._settings.call_timeout_s):
            with _translated():
                async with self._open_session().request(
                    method,
                    f"{self._base}/{path}",
                    params=query,
                    headers=sent,
                    data=content,
                    allow_redirects=False,
                    trace_request_ctx=written,
                ) as response:
                    return await read_answer(response, bytes_max=self._settings.answer_bytes_max)

    async def _open_place(self, url: str) -> aiohttp.ClientResponse:
        from yarl import URL

        if not self._token():
            raise GraphRefused(_NO_TOKEN, 401)
        first = url
        for _ in range(_REDIRECTS_MAX + 1):
            if not is_media_url(url, self._settings.url) or origin_of(url) != origin_of(first):
                raise PlaceRefused("a file is not fetched from outside of Meta's hosts, nor sent on to another")
            with _translated():
                response = await self._open_session().get(
                    # As it stands: it is signed.
                    URL(url, encoded=True),
                    headers={"Authorization": f"Bearer {self._token()}"},
                    allow_redirects=False,
                )
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or not location:
                return response
            response.close()
            url = urljoin(url, location)
        raise PlaceRefused(f"a file is sent on more than {_REDIRECTS_MAX} times")

    @asynccontextmanager
    async def _bounded(self, timeout_s: float) -> AsyncGenerator[None]:
        limit = asyncio.timeout(timeout_s)
        try:
            async with limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise GraphUnreachable(f"no answer within {timeout_s:g} s") from None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = open_session(self._settings)
        return self._session


@contextmanager
def _translated() -> Generator[None]:
    """Errors of the HTTP library, whose texts may hold URLs, as ours."""
    import aiohttp

    try:
        yield
    except aiohttp.ServerTimeoutError:
        raise GraphUnreachable("nothing came in time") from None
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        if isinstance(error, TimeoutError):
            # Of the whole call: whoever set it knows it.
            raise
        raise GraphUnreachable(f"the connection failed: {type(error).__name__}") from None


def _id(value: str) -> str:
    """For a path. ValueError when it could be anything but one part of it."""
    if not _ID.fullmatch(value):
        raise ValueError("an id of the Graph API is letters and digits")
    return value


def _restricted_to(phone_number_id: str | None) -> dict[str, str]:
    return {} if phone_number_id is None else {"phone_number_id": _id(phone_number_id)}
