"""``GET`` and ``POST /vault/links/{link}``: a page with a button, and what is behind it.

Programs that preview links ask with GET: they learn nothing, and a link that may be opened once is not used up by them. Whatever is wrong
with a link, the answer is the same page with the same status.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from wipsie.api.access import PUBLIC
from wipsie.api.fast_route import FastRoute
from wipsie.api.openapi import Answer, describe
from wipsie.blobs.signed_links import LinkRefused
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import TooManyRequests
from wipsie.slices.vault.domain.export.exported import ENDINGS, ending_of
from wipsie.slices.vault.domain.export.zip_stream import ZipStream
from wipsie.slices.vault.domain.link_page import ask_page
from wipsie.slices.vault.routes.link_answers import FILE, HTML, LINK, REFUSED, page_answer, refused
from wipsie.slices.vault.routes.looking import PAGES
from wipsie.slices.vault.routes.standing_by import standing_by
from wipsie.slices.vault.service.keeping.links.opening import LinkDesk, LinkTarget, OpenObject
from wipsie.slices.vault.service.keeping.links.rules import PATH

AT_ONCE_MAX: Final = 32
"""Downloads of one process: each may lie in a file meanwhile."""
_RETRY_AFTER_S: Final = 5.0
_ZIP: Final = "application/zip"


def build_links_router(desk: LinkDesk, clock: Clock) -> APIRouter:
    """Both methods."""
    router = APIRouter(route_class=FastRoute)
    under_way: set[object] = set()

    async def show_vault_link(request: Request) -> Response:
        """A page that asks whether to open the link. Nothing is counted."""
        try:
            with standing_by():
                target = await desk.look_up(request.path_params["link"])
        except LinkRefused:
            return refused()
        look_at = None if target.number is None else f"{request.path_params['link']}/{PAGES}"
        return page_answer(ask_page(target.language, look_at))

    async def open_vault_link(request: Request) -> Response:
        """The file, or the files of a report as a ZIP: counted, and written to the audit log, before the first byte."""
        if len(under_way) >= AT_ONCE_MAX:
            raise TooManyRequests("Too many downloads are under way; try again shortly.", retry_after_s=_RETRY_AFTER_S)
        turn = object()
        under_way.add(turn)
        async with AsyncExitStack() as stack:
            stack.callback(under_way.discard, turn)
            try:
                with standing_by():
                    target, open_object = await stack.enter_async_context(desk.opened(request.path_params["link"]))
            except LinkRefused:
                return refused()
            pieces, headers = _content(target, open_object, clock)
            # From here on the answer closes what was opened.
            return _Download(pieces, stack.pop_all(), headers)

    for method, endpoint, summary, answer in (
        ("GET", show_vault_link, "Page of a link", Answer(type=str, description="The page.", media_type=HTML)),
        ("POST", open_vault_link, "Open a link", Answer(type=bytes, description="The file.", media_type=_ZIP)),
    ):
        router.add_api_route(
            f"{PATH}/{{link}}",
            endpoint,
            methods=[method],
            tags=["vault"],
            summary=summary,
            openapi_extra=describe(
                access=PUBLIC,
                answers={200: answer, 404: REFUSED},
                parameters=(LINK,),
                error_statuses=(429, 503),
            ),
        )
    return router


class _Download(StreamingResponse):
    """Closes what it reads from however it ends, also when the client is gone before the first byte."""

    def __init__(self, pieces: AsyncIterator[bytes], opened: AsyncExitStack, headers: Mapping[str, str]) -> None:
        super().__init__(pieces, headers=headers)
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._opened:
            await super().__call__(scope, receive, send)


def _content(
    target: LinkTarget, open_object: OpenObject, clock: Clock
) -> tuple[AsyncIterator[bytes], Mapping[str, str]]:
    name = "reports" if target.number is None else f"report-{target.number}"
    stored, *more = target.objects
    if more:
        return _zipped(target, open_object, name, clock.now_ms()), _headers(f"{name}.zip", _ZIP)
    # The type is one of ours, found in the bytes; any other is bytes.
    media_type = stored.media_type if stored.media_type in ENDINGS else "application/octet-stream"
    headers = _headers(f"{name}.{ending_of(media_type)}", media_type)
    return _single(target, open_object), {**headers, "Content-Length": str(stored.size)}


async def _single(target: LinkTarget, open_object: OpenObject) -> AsyncIterator[bytes]:
    async with open_object(target.objects[0]) as content:
        async for piece in content.pieces():
            yield piece


async def _zipped(target: LinkTarget, open_object: OpenObject, name: str, at_ms: int) -> AsyncIterator[bytes]:
    stream = ZipStream()
    for number, stored in enumerate(target.objects, 1):
        async with open_object(stored) as content:
            yield stream.begin(f"{name}-{number}.{ending_of(stored.media_type)}", at_ms=at_ms)
            async for piece in content.pieces():
                yield stream.feed(piece)
            yield stream.end()
    yield stream.finish()


def _headers(name: str, media_type: str) -> dict[str, str]:
    # The name is ours: no sign in it has a meaning.
    return {**FILE, "Content-Disposition": f'attachment; filename="{name}"', "Content-Type": media_type}
