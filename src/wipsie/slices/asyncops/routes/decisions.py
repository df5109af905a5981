"""``/api/decisions``: what the team decided, and why."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import needs
from wipsie.api.answers import IDEMPOTENCY_KEY, Made
from wipsie.api.gate import principal_of
from wipsie.api.header_facts import find_header
from wipsie.api.json_body import read_body
from wipsie.api.lists import Choice, Created, Flag, Ids, ListSpec, Sort, TextIs
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.api.parameters import optional_text, refuse_unknown
from wipsie.database import UnitOfWork
from wipsie.kernel.clock import utc_datetime
from wipsie.kernel.errors import InvalidInput
from wipsie.slices.asyncops.domain.decisions import ACCEPTED, DAY_MS, PROPOSED, WAITING_DAYS
from wipsie.slices.asyncops.kinds import DECISION
from wipsie.slices.asyncops.rights import DECIDE, PROPOSE_DECISIONS, READ_DECISIONS
from wipsie.slices.asyncops.routes.descriptions import (
    REFERENCE,
    Operations,
    changing,
    creating,
    listing,
    removing,
    showing,
)
from wipsie.slices.asyncops.routes.kit import RouteKit, reference_in
from wipsie.slices.asyncops.schemas.decisions import (
    DECISION_STATUSES,
    DecisionChanges,
    DecisionTransition,
    DecisionView,
    NewDecision,
    Supersession,
)
from wipsie.slices.asyncops.service.decisions.importing import DecisionImport
from wipsie.slices.asyncops.service.decisions.use_cases import DecisionService
from wipsie.slices.asyncops.store.decisions import COLUMNS, DECISIONS, decisions_table

PATH = DECISION.path
ONE = f"{PATH}/{{reference}}"
MARKDOWN = "text/markdown"
_MARKDOWN_TYPES = (MARKDOWN, "text/x-markdown", "text/plain")

DECISION_LIST = ListSpec(
    name="decisions",
    columns=list(decisions_table.columns),
    id=COLUMNS.id,
    filters=(
        Choice("status", COLUMNS.status, DECISION_STATUSES),
        Ids("created_by", COLUMNS.created_by, about="Only those these people wrote.", me=True, none=True),
        Ids("superseded_by", COLUMNS.superseded_by, about="Only those this one stands in place of.", none=True),
        Flag(
            "waiting",
            lambda context: (
                (COLUMNS.status == PROPOSED)
                & (COLUMNS.proposed_at_ms.is_not(None))
                & (COLUMNS.proposed_at_ms < context.now_ms - WAITING_DAYS * DAY_MS)
            ),
            about="Proposed for more than seven days.",
        ),
        Flag(
            "revisit_due",
            lambda context: (
                (COLUMNS.status == ACCEPTED)
                & COLUMNS.revisit_on.is_not(None)
                & (COLUMNS.revisit_on <= utc_datetime(context.now_ms).date().isoformat())
            ),
            about="Accepted, and to be looked at again by today.",
        ),
        Created("created", COLUMNS.created_at_ms, COLUMNS.id, DECISION.id_prefix, about="Written"),
        TextIs("source", COLUMNS.source, about="Imported from the file of this name.", example="0005-use-sqlite.md"),
    ),
    sorts=(Sort(name="created_at", column=COLUMNS.id), Sort(name="updated_at", column=COLUMNS.updated_at_ms)),
    default_sort="-created_at",
)
LISTS = (DECISION_LIST,)

_SOURCE = Parameter(
    name="source",
    description="Name of the file. The same text of the same file is taken once.",
    example="0005-use-sqlite.md",
)
_NEW = {
    "title": "Keep queues in SQLite on one machine",
    "status": "proposed",
    "context": "A team wants to start with one command.",
    "drivers": ["Nothing else to install", "Nothing is lost"],
    "options": [
        {"title": "SQLite", "pros": ["It is there already"], "cons": ["One machine"]},
        {"title": "PostgreSQL", "cons": ["Somebody has to run it"]},
    ],
    "chosen": "SQLite",
    "outcome": "it is there already, and one machine is enough at first.",
    "revisit_on": "2027-06-01",
}
_MARKDOWN_EXAMPLE = "# Use SQLite\n\n## Context and Problem Statement\n\nOne command shall do.\n"


def add_decisions(router: APIRouter, kit: RouteKit, service: DecisionService) -> None:
    """Register the routes."""
    new = msgspec.json.Decoder(NewDecision)
    changes = msgspec.json.Decoder(DecisionChanges)
    transition = msgspec.json.Decoder(DecisionTransition)
    supersession = msgspec.json.Decoder(Supersession)
    importing = DecisionImport(service)

    async def as_markdown(request: Request, reference: str) -> Response:
        async with kit.database.read() as connection:
            found = await DECISIONS.get(connection, reference, principal_of(request))
            text = await service.markdown(connection, found)
        # No ETag: names of people change without the record.
        headers = {
            "Cache-Control": "private, no-store",
            "Content-Disposition": f'inline; filename="DEC-{found.number}.md"',
        }
        return Response(text.encode(), media_type=f"{MARKDOWN}; charset=utf-8", headers=headers)

    async def list_decisions(request: Request) -> Response:
        """Decisions, the newest first."""
        return await kit.lists.answer(request, DECISION_LIST, service.views)

    async def write_decision(request: Request) -> Response:
        """Write a decision: a draft, or a proposal. Colleagues who are named in it follow it."""
        return await kit.create(request, new, service.write, service.view, DECISION)

    async def import_decision(request: Request) -> Response:
        """Make a decision of a record in Markdown: MADR 2, 3 or 4, or the form of adr-tools. Leads import what is decided,
        others drafts and proposals. Send the text as it is, with Content-Type text/markdown."""
        refuse_unknown(request, _SOURCE.name)
        source = optional_text(request, _SOURCE.name, length_max=200)
        text = await _markdown_in(request)
        principal = principal_of(request)

        async def make(unit: UnitOfWork) -> Made:
            taken = await importing.take(unit, principal, text, source)
            shown = await service.view(unit.connection, taken.decision)
            location = f"{PATH}/{taken.decision.id}"
            status = 201 if taken.is_new else 200
            return Made(value=shown, status=status, version=taken.decision.version, location=location)

        return await kit.changes.answer(request, [source, text], make)

    async def show_decision(request: Request) -> Response:
        """One decision; with Accept: text/markdown, as a record in the form of MADR 4."""
        if _wants_markdown(request):
            response = await as_markdown(request, reference_in(request))
        else:
            response = await kit.show(request, DECISIONS, service.view)
        response.headers["Vary"] = "Accept"
        return response

    async def show_decision_as_markdown(request: Request) -> Response:
        """One decision as a record in Markdown, in the form of MADR 4."""
        return await as_markdown(request, reference_in(request))

    async def change_decision(request: Request) -> Response:
        """Change a draft or a proposal. Of what is decided only revisit_on changes."""
        return await kit.change(request, changes, service.change, service.view)

    async def move_decision(request: Request) -> Response:
        """Propose, accept, reject or deprecate. What is accepted says what is decided: chosen or outcome."""
        return await kit.change(request, transition, service.move, service.view)

    async def supersede_decision(request: Request) -> Response:
        """Let another decision stand in place of this one: an accepted one, or a new one. Both say so, in one commit."""
        return await kit.change(request, supersession, service.supersede, service.view)

    async def remove_decision(request: Request) -> Response:
        """Remove a draft or a proposal, with all that hangs on it. What was decided stays."""
        return await kit.remove(request, service.remove)

    operations = Operations(router, "decisions")
    operations.add("GET", PATH, list_decisions, "List decisions", listing(DECISION_LIST, DecisionView, READ_DECISIONS))
    operations.add(
        "POST",
        PATH,
        write_decision,
        "Write a decision",
        creating(NewDecision, DecisionView, PROPOSE_DECISIONS, {"a proposal": _NEW}),
    )
    operations.add(
        "POST",
        f"{PATH}/import",
        import_decision,
        "Import a decision from Markdown",
        describe(
            access=needs(PROPOSE_DECISIONS),
            request=str,
            request_type=MARKDOWN,
            request_examples={"a short record": _MARKDOWN_EXAMPLE},
            answers={
                201: Answer(type=DecisionView, description="Made."),
                200: Answer(type=DecisionView, description="It was imported before; nothing was changed."),
            },
            parameters=(_SOURCE, IDEMPOTENCY_KEY),
            error_statuses=(400, 409, 413, 422, 503),
        ),
    )
    # Before the next: an id ends at the dot.
    operations.add(
        "GET",
        f"{ONE}.md",
        show_decision_as_markdown,
        "Read a decision as Markdown",
        describe(
            access=needs(READ_DECISIONS),
            answers={200: Answer(type=str, description="The record, as MADR 4.", media_type=MARKDOWN)},
            parameters=(REFERENCE,),
            error_statuses=(404, 503),
        ),
    )
    operations.add("GET", ONE, show_decision, "Read a decision", showing(DecisionView, READ_DECISIONS))
    operations.add(
        "PATCH",
        ONE,
        change_decision,
        "Change a decision",
        changing(DecisionChanges, DecisionView, PROPOSE_DECISIONS, {"look again": {"revisit_on": "2027-01-15"}}),
    )
    operations.add(
        "POST",
        f"{ONE}/transitions",
        move_decision,
        "Move a decision to another state",
        changing(DecisionTransition, DecisionView, PROPOSE_DECISIONS, {"accept": {"to": "accepted"}}),
    )
    operations.add(
        "POST",
        f"{ONE}/supersede",
        supersede_decision,
        "Supersede a decision",
        changing(Supersession, DecisionView, DECIDE, {"by another": {"by": "DEC-9"}}),
    )
    operations.add("DELETE", ONE, remove_decision, "Remove a decision", removing(PROPOSE_DECISIONS))


async def _markdown_in(request: Request) -> str:
    """The body as text. InvalidInput for another type and for bytes that are no UTF-8."""
    kind = (find_header(request.scope, b"content-type") or "").partition(";")[0].strip().lower()
    if kind not in _MARKDOWN_TYPES:
        raise InvalidInput(
            f"Send the record as it is, with Content-Type: {MARKDOWN}.",
            details={"field": "Content-Type", "accepted": list(_MARKDOWN_TYPES)},
        )
    try:
        text = (await read_body(request)).decode()
    except UnicodeDecodeError:
        raise InvalidInput("The record is no UTF-8 text.", details={"field": "body"}) from None
    if not text.strip():
        raise InvalidInput("The record is empty.", details={"field": "body"})
    return text


def _wants_markdown(request: Request) -> bool:
    """Whether Markdown is asked for by name, and before JSON."""
    accepted = (find_header(request.scope, b"accept") or "").lower()
    place = accepted.find(MARKDOWN)
    return place >= 0 and not 0 <= accepted.find("application/json") < place
