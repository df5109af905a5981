"""``/api/summaries``: daily summaries as JSON, Markdown and HTML, as a feed, for any past day, and made by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from fastapi import APIRouter
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.answers import IDEMPOTENCY_KEY, Made
from wipsie.api.gate import principal_of
from wipsie.api.header_facts import find_header
from wipsie.api.json_body import json_response, read_json
from wipsie.api.lists import Choice, Days, ListSpec, Sort
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.api.parameters import optional_text, refuse_unknown
from wipsie.api.versions import IF_NONE_MATCH
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import InvalidInput
from wipsie.slices.asyncops.domain.digest.content import Digest
from wipsie.slices.asyncops.domain.digest_pages.as_html import as_fragment, as_html
from wipsie.slices.asyncops.domain.digest_pages.as_markdown import as_markdown
from wipsie.slices.asyncops.domain.digest_pages.feeds import FeedEntry, as_atom, as_rss
from wipsie.slices.asyncops.domain.digest_pages.layout import lay_out, subject
from wipsie.slices.asyncops.domain.digest_pages.outline import Outline
from wipsie.slices.asyncops.kinds import SUMMARY
from wipsie.slices.asyncops.rights import READ_SUMMARIES, RUN_SUMMARIES
from wipsie.slices.asyncops.routes.descriptions import Operations, listing
from wipsie.slices.asyncops.routes.kit import RouteKit, reference_in
from wipsie.slices.asyncops.schemas.moments import moment_ms
from wipsie.slices.asyncops.schemas.summaries import RunSummary, SummaryItem, SummaryView
from wipsie.slices.asyncops.service.summaries import views
from wipsie.slices.asyncops.service.summaries.use_cases import SummaryService
from wipsie.slices.asyncops.store.summaries import (
    COLUMNS,
    GENERATORS,
    SUMMARIES,
    DailySummary,
    newest_summaries,
)

PATH = SUMMARY.path
ONE = f"{PATH}/{{reference}}"
FEED_PATH = f"{PATH}/feed"
FEED_ENTRIES = 30
_MARKDOWN, _HTML = "text/markdown", "text/html"
_RSS, _ATOM = "application/rss+xml", "application/atom+xml"

SUMMARY_LIST = ListSpec(
    name="summaries",
    columns=views.ITEM_COLUMNS,
    id=COLUMNS.id,
    filters=(
        Days("date", COLUMNS.for_date, about="Only summaries whose window ends"),
        Choice("generator", COLUMNS.generator, GENERATORS),
    ),
    sorts=(Sort(name="window_end", column=COLUMNS.window_end_ms), Sort(name="created_at", column=COLUMNS.id)),
    default_sort="-window_end",
)
LISTS = (SUMMARY_LIST,)

_REFERENCE = Parameter(
    name="reference",
    where="path",
    required=True,
    description="Its id; or a day (its newest edition); or latest.",
    example="latest",
)
_PERSON = Parameter(
    name="person",
    type=Annotated[str, Meta(max_length=60)],
    description="Put what concerns this person in front: a user id, or me.",
)
_FORMAT = Parameter(name="format", type=Literal["rss", "atom"], default="rss", description="Which kind of feed.")
_WINDOW_END = Parameter(
    name="window_end",
    description="When its 24 hours end: a time with its zone, or a day, which means the time summaries are made on it. "
    "Now, unless said otherwise.",
    example="2025-11-28",
)
# What a page of ours may do when it is opened in a browser: show itself.
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
}

Writer = Callable[[Outline], str]


def add_summaries(router: APIRouter, kit: RouteKit, service: SummaryService, *, public_url: str) -> None:
    """Register the routes. `public_url`: links in pages and feeds begin with it."""
    run_decoder = msgspec.json.Decoder(RunSummary)

    async def list_summaries(request: Request) -> Response:
        """Daily summaries, the newest first, with their headlines."""
        return await kit.lists.answer(request, SUMMARY_LIST, views.items)

    async def show_summary(request: Request) -> Response:
        """One summary with all it says: the JSON everything else is rendered from."""
        return await kit.show(request, SUMMARIES, views.view)

    async def show_summary_markdown(request: Request) -> Response:
        """One summary as Markdown."""
        return await _page(kit, service, request, lambda outline: as_markdown(outline, base_url=public_url), _MARKDOWN)

    async def show_summary_html(request: Request) -> Response:
        """One summary as the page that is sent by mail."""
        return await _page(kit, service, request, lambda outline: as_html(outline, base_url=public_url), _HTML)

    async def feed_of_summaries(request: Request) -> Response:
        """The last 30 days as a feed. Readers sign in as programs do: with an API key, best one that may do nothing but read
        summaries."""
        refuse_unknown(request, "format")
        form = request.query_params.get("format", "rss")
        if form not in ("rss", "atom"):
            raise InvalidInput("format is rss or atom.", details={"field": "format", "accepted": ["rss", "atom"]})
        async with kit.database.read() as connection:
            entries = [_entry(one, public_url) for one in await newest_summaries(connection, FEED_ENTRIES)]
        if form == "rss":
            return _text_response(request, as_rss(entries, base_url=public_url, path=FEED_PATH), _RSS)
        text = as_atom(entries, base_url=public_url, path=f"{FEED_PATH}?format=atom")
        return _text_response(request, text, _ATOM)

    async def preview_summary(request: Request) -> Response:
        """What the summary of any past 24 hours says, from what is known of that time. Nothing is kept and nothing is sent."""
        refuse_unknown(request, "window_end")
        text = optional_text(request, "window_end", length_max=60)
        day, end_ms = (None, service.now_ms()) if text is None else _day_or_end(text)
        window = service.window_for(day=day, end_ms=end_ms)
        return json_response(await service.preview(principal_of(request), window))

    async def run_summary(request: Request) -> Response:
        """Make a summary by hand: the next edition of its window. Editions that are there stay as they are."""
        body = await read_json(request, run_decoder)
        principal = principal_of(request)
        end_ms = None if body.window_end is None else moment_ms(body.window_end, "window_end")
        # Read before the transaction, which others would wait for.
        draft = await service.draft_by_hand(principal, service.window_for(day=body.date, end_ms=end_ms))

        async def make(unit: UnitOfWork) -> Made:
            summary = await service.run(unit, principal, draft, send=body.send)
            shown = await views.view(unit.connection, summary)
            return Made(value=shown, version=summary.version, location=f"{PATH}/{summary.id}")

        return await kit.changes.answer(request, body, make)

    operations = Operations(router, "summaries")
    operations.add(
        "GET", PATH, list_summaries, "List daily summaries", listing(SUMMARY_LIST, SummaryItem, READ_SUMMARIES)
    )
    operations.add(
        "GET",
        FEED_PATH,
        feed_of_summaries,
        "Follow summaries in a feed reader",
        describe(
            access=needs(READ_SUMMARIES),
            answers={
                200: Answer(type=str, media_type=_RSS, other_media_types=(_ATOM,), description="RSS 2.0, or Atom."),
                304: Answer(description="Nothing new since."),
            },
            parameters=(_FORMAT, IF_NONE_MATCH),
            error_statuses=(422, 503),
        ),
    )
    operations.add(
        "POST",
        f"{PATH}/preview",
        preview_summary,
        "Preview a summary of any past day",
        describe(
            access=needs(READ_SUMMARIES),
            answers={200: Answer(type=Digest, description="What it would say.")},
            parameters=(_WINDOW_END,),
            error_statuses=(422, 503),
        ),
    )
    operations.add(
        "POST",
        f"{PATH}/run",
        run_summary,
        "Make a summary by hand",
        describe(
            access=needs(RUN_SUMMARIES),
            request=RunSummary,
            request_examples={"of a day, and send it": {"date": "2025-10-03", "send": True}, "the last one": {}},
            answers={201: Answer(type=SummaryView, description="Made.")},
            parameters=(IDEMPOTENCY_KEY,),
            error_statuses=(400, 409, 413, 422, 503),
        ),
    )
    # Those with an ending before the one without, which would take it for a part of the id.
    for ending, endpoint, media_type, title in (
        (".md", show_summary_markdown, _MARKDOWN, "Read a summary as Markdown"),
        (".html", show_summary_html, _HTML, "Read a summary as a page"),
    ):
        operations.add(
            "GET",
            f"{ONE}{ending}",
            endpoint,
            title,
            describe(
                access=needs(READ_SUMMARIES),
                answers={200: Answer(type=str, media_type=media_type, description="As it was made."), 304: _UNCHANGED},
                parameters=(_REFERENCE, _PERSON, IF_NONE_MATCH),
                error_statuses=(404, 422, 503),
            ),
        )
    operations.add(
        "GET",
        ONE,
        show_summary,
        "Read a summary",
        describe(
            access=needs(READ_SUMMARIES),
            answers={200: Answer(type=SummaryView, description="As it was made."), 304: _UNCHANGED},
            parameters=(_REFERENCE, IF_NONE_MATCH),
            error_statuses=(404, 503),
        ),
    )


_UNCHANGED = Answer(description="Not changed since.")


async def _page(kit: RouteKit, service: SummaryService, request: Request, write: Writer, media_type: str) -> Response:
    refuse_unknown(request, "person")
    principal = principal_of(request)
    person = optional_text(request, "person", length_max=60)
    async with kit.database.read() as connection:
        found = await service.get(connection, principal, reference_in(request))
    who = principal.user_id if person == "me" else person
    query = "" if who is None else f"?person={quote(who, safe='')}"
    outline = lay_out(found.content, path=f"{PATH}/{found.id}.html{query}", person=who)
    return _text_response(request, write(outline), media_type)


def _entry(summary: DailySummary, public_url: str) -> FeedEntry:
    digest = summary.content
    return FeedEntry(
        id=summary.id,
        title=subject(digest),
        path=f"{PATH}/{summary.id}.html",
        at_ms=summary.created_at_ms,
        html=as_fragment(lay_out(digest), base_url=public_url),
    )


def _text_response(request: Request, text: str, media_type: str) -> Response:
    body = text.encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", **(_PAGE_HEADERS if media_type == _HTML else {})}
    known = find_header(request.scope, b"if-none-match") or ""
    if tag in (part.strip().removeprefix("W/") for part in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _day_or_end(text: str) -> tuple[date | None, int | None]:
    try:
        return msgspec.convert(text, date), None
    except msgspec.ValidationError:
        pass
    try:
        # A plus that was not escaped arrives as a space.
        moment = msgspec.convert(text.replace(" ", "+"), Annotated[datetime, Meta(tz=True)])
    except (msgspec.ValidationError, ValueError, OverflowError):
        raise InvalidInput(
            "window_end must be a day such as 2025-11-28, or a time with its zone such as 2025-11-28T09:00:00Z.",
            details={"field": "window_end"},
        ) from None
    return None, moment_ms(moment, "window_end")
