"""``/api/search``: in everything one may read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.gate import principal_of
from wipsie.api.json_body import json_response
from wipsie.api.lists import Page
from wipsie.api.lists.spec import LIMIT_DEFAULT, LIMIT_MAX
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.api.parameters import integer, refuse_unknown
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.text_words import QUERY_CHARACTERS_MAX, query_words
from wipsie.slices.asyncops.rights import SEARCH
from wipsie.slices.asyncops.routes.descriptions import Operations
from wipsie.slices.asyncops.routes.kit import RouteKit
from wipsie.slices.asyncops.schemas.search import SearchHit
from wipsie.slices.asyncops.service.searching import Searched, Searcher
from wipsie.slices.asyncops.store.finding import Place, Query

PATH = "/api/search"


def add_search(router: APIRouter, kit: RouteKit, searcher: Searcher) -> None:
    """Register the route."""
    kinds = searcher.kinds
    parameters = (
        Parameter(
            name="q",
            type=Annotated[str, Meta(min_length=1, max_length=QUERY_CHARACTERS_MAX)],
            required=True,
            description="Words, all of which must be there; of the last one, the beginning is enough. Case, accents and "
            "signs make no difference. A number such as INC-42 finds that record first.",
            example="mail stands still",
        ),
        Parameter(
            name="kind", description=f"Only these: {', '.join(kinds)}; several with commas between.", example=kinds[0]
        ),
        Parameter(
            name="limit",
            type=Annotated[int, Meta(ge=1, le=LIMIT_MAX)],
            default=LIMIT_DEFAULT,
            description="At most this many on a page.",
        ),
        Parameter(name="cursor", description="Of the page before, to go on from there."),
        Parameter(name="facets", type=Literal["kind"], description="kind: also how many are found of each kind."),
        Parameter(name="include", type=Literal["total"], description="total: also how many are found."),
    )
    names = [parameter.name for parameter in parameters]

    async def search(request: Request) -> Response:
        """Find records, comments and notes by their words: those with all words in the title first, then the others, the
        newest first."""
        refuse_unknown(request, *names)
        given: dict[str, str] = dict(request.query_params)
        if len(request.query_params.multi_items()) != len(given):
            raise InvalidInput("A query parameter is repeated; put several kinds into one, with commas between.")
        wanted = _query(given, kinds)
        principal = principal_of(request)
        bound = {"": "search", "q": given["q"], "kind": given.get("kind", "")}
        after = None
        if "cursor" in given:
            tier, document = kit.lists.read_place(given["cursor"], bound, values=2)
            after = Place(tier=int(tier), document=int(document))
        searched = Searched(
            query=wanted,
            after=after,
            limit=integer(request, "limit", default=LIMIT_DEFAULT, minimum=1, maximum=LIMIT_MAX),
            with_total=_one_of(given, "include", "total"),
            with_facets=_one_of(given, "facets", "kind"),
        )
        async with kit.database.read() as connection:
            page, end = await searcher.page(connection, principal, searched)
        if end is not None:
            cursor = kit.lists.write_place([end.tier, end.document], bound)
            page = msgspec.structs.replace(page, page=msgspec.structs.replace(page.page, next_cursor=cursor))
        return json_response(page, headers={"Cache-Control": "private, no-store"})

    Operations(router, "search").add(
        "GET",
        PATH,
        search,
        "Search",
        describe(
            access=needs(SEARCH),
            answers={200: Answer(type=Page[SearchHit], description="A page of what was found.")},
            parameters=parameters,
            error_statuses=(400, 422, 503),
        ),
    )


def _query(given: Mapping[str, str], kinds: tuple[str, ...]) -> Query | None:
    text = given.get("q", "")
    if not 0 < len(text) <= QUERY_CHARACTERS_MAX:
        raise InvalidInput(
            f"q takes 1 to {QUERY_CHARACTERS_MAX} characters: the words to look for.", details={"field": "q"}
        )
    chosen: list[Any] = []
    if "kind" in given:
        chosen = list(dict.fromkeys(word.strip() for word in given["kind"].split(",")))
        if not set(chosen) <= set(kinds):
            raise InvalidInput(
                f"kind must be some of {', '.join(kinds)}, with commas between.",
                details={"field": "kind", "accepted": list(kinds)},
            )
    words = query_words(text)
    return Query(words=words, reference=text.strip().replace("\0", ""), kinds=chosen) if words else None


def _one_of(given: Mapping[str, str], name: str, word: str) -> bool:
    if name in given and given[name] != word:
        raise InvalidInput(f"{name} knows only {word}.", details={"field": name})
    return name in given
