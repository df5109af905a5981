"""``/vault/links/{link}/pages`` and ``/order``: the pages behind a link, before it is downloaded, and their order.

The page comes by POST only, like the download: programs that preview links follow what they find, and press no buttons. Its pictures come by
GET, for a moment after it was shown.
"""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import parse_qsl

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import PUBLIC
from wipsie.api.fast_route import FastRoute
from wipsie.api.gate import gate_of
from wipsie.api.json_body import invalid_field, read_body
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.blobs.signed_links import LinkRefused
from wipsie.kernel.errors import InvalidInput
from wipsie.slices.vault.domain.link_page import Note, PageView, look_page
from wipsie.slices.vault.routes.link_answers import FILE, HTML, LINK, REFUSED, page_answer, refused
from wipsie.slices.vault.routes.standing_by import standing_by
from wipsie.slices.vault.service.keeping.links.rules import PATH
from wipsie.slices.vault.service.keeping.looking import Look, LookDesk, Move
from wipsie.slices.vault.service.keeping.saving import FILES_MAX

PAGES: Final = "pages"
"""After a link, by itself: what shows them; with the id of a picture behind it, that picture."""
ORDER: Final = "order"
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_FIELDS_MAX: Final = 8
_PICTURE_TYPE: Final = "image/jpeg"
_PICTURE: Final = {**FILE, "Content-Disposition": "inline", "Cross-Origin-Resource-Policy": "same-origin"}
_Position = Annotated[int, msgspec.Meta(ge=1, le=FILES_MAX)]


class MoveForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page sends: its version, and the button that was pressed."""

    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    up: _Position | None = None
    """The page that is to come one place earlier."""
    down: _Position | None = None
    """Or later."""


def build_looking_router(desk: LookDesk) -> APIRouter:
    """All three."""
    router = APIRouter(route_class=FastRoute)

    async def show_vault_pages(request: Request) -> Response:
        """The pages behind a link, small. Recorded, and not counted as a download."""
        gate_of(request.scope).check_page(request.scope)
        try:
            with standing_by():
                look = await desk.look(request.path_params["link"])
        except LinkRefused:
            return refused()
        return _page(request, look)

    async def move_vault_page(request: Request) -> Response:
        """One page changes places with its neighbour; from the page of an owner's own link only."""
        gate_of(request.scope).check_page(request.scope)
        move = _move(await read_body(request))
        try:
            with standing_by():
                look = await desk.move(request.path_params["link"], move)
        except LinkRefused:
            return refused()
        return _page(request, look, status=409 if look.is_stale else 200)

    async def give_vault_picture(request: Request) -> Response:
        """The small picture of a page that was shown just now."""
        try:
            with standing_by():
                content = await desk.picture(request.path_params["link"], request.path_params["picture"])
        except LinkRefused:
            return refused()
        return Response(content, headers=_PICTURE, media_type=_PICTURE_TYPE)

    shown = Answer(type=str, description="The pages.", media_type=HTML)
    router.add_api_route(
        f"{PATH}/{{link}}/{PAGES}",
        show_vault_pages,
        methods=["POST"],
        tags=["vault"],
        summary="Pages behind a link",
        openapi_extra=describe(
            access=PUBLIC, answers={200: shown, 404: REFUSED}, parameters=(LINK,), error_statuses=(403, 503)
        ),
    )
    router.add_api_route(
        f"{PATH}/{{link}}/{ORDER}",
        move_vault_page,
        methods=["POST"],
        tags=["vault"],
        summary="Move a page behind a link",
        openapi_extra=describe(
            access=PUBLIC,
            request=MoveForm,
            request_type=_FORM_TYPE,
            answers={
                200: shown,
                404: REFUSED,
                409: Answer(type=str, description="The report was changed meanwhile; as it is now.", media_type=HTML),
            },
            parameters=(LINK,),
            error_statuses=(403, 413, 422, 503),
        ),
    )
    router.add_api_route(
        f"{PATH}/{{link}}/{PAGES}/{{picture}}",
        give_vault_picture,
        methods=["GET"],
        tags=["vault"],
        summary="Picture of a page",
        openapi_extra=describe(
            access=PUBLIC,
            answers={200: Answer(type=bytes, description="The picture.", media_type=_PICTURE_TYPE), 404: REFUSED},
            parameters=(LINK, Parameter(name="picture", where="path", description="As the page names it.")),
            error_statuses=(503,),
        ),
    )
    return router


def _move(body: bytes) -> Move:
    """InvalidInput."""
    try:
        fields = dict(parse_qsl(body.decode("ascii"), max_num_fields=_FIELDS_MAX))
    except ValueError:
        raise InvalidInput("The body is no form of this page; load the page again.") from None
    try:
        form = msgspec.convert(fields, MoveForm, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_field(error) from None
    if form.up is not None and form.down is None:
        return Move(version=form.version, position=form.up, step=-1)
    if form.down is not None and form.up is None:
        return Move(version=form.version, position=form.down, step=1)
    raise InvalidInput("Say which page moves: either up or down.", details={"field": "up", "problem": "up or down"})


def _page(request: Request, look: Look, *, status: int = 200) -> Response:
    # Where the page stands, and where a proxy put it, is not known here: all addresses go from the page itself.
    pages = [
        PageView(
            picture=None if one.picture is None else f"{PAGES}/{one.picture}",
            is_pdf=one.media_type == "application/pdf",
        )
        for one in look.pages
    ]
    note = Note(kind="stale") if look.is_stale else None
    if look.moved is not None:
        note = Note(kind="moved", page=look.moved.position, to=look.moved.position + look.moved.step)
    html = look_page(
        look.target.language,
        pages,
        number=look.number,
        download_at=f"../{request.path_params['link']}",
        move_at=ORDER if look.may_order else None,
        version=look.version,
        note=note,
    )
    return page_answer(html, status)
