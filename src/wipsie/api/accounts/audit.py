"""``/api/audit``: who changed what, and proof that nobody changed that."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter
from sqlalchemy import RowMapping
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from wipsie.api.access import needs
from wipsie.api.accounts.kit import AccountKit, Operations
from wipsie.api.accounts.schemas import EventView, FindingView, VerificationView
from wipsie.api.accounts.views import event_view
from wipsie.api.json_body import json_response
from wipsie.api.lists import ListSpec, Page, Sort, TextIs, each
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.api.parameters import integer, refuse_unknown
from wipsie.audit import event_of, events_table
from wipsie.auth.account_rights import READ_AUDIT

PATH = "/api/audit"
_COLUMNS = events_table.c
_SEQ_MAX = 2**53

AUDIT_LIST = ListSpec(
    name="audit",
    columns=[_COLUMNS.body, _COLUMNS.seal],
    id=_COLUMNS.seq,
    filters=(
        TextIs("actor", _COLUMNS.actor, about="Only changes by this actor.", example="cli"),
        TextIs("action", _COLUMNS.action, about="Only this action.", example="auth:user:change_role"),
        TextIs("object", _COLUMNS.object, about="Only changes of this object.", example="schedule:nightly"),
    ),
    sorts=(Sort(name="seq", column=_COLUMNS.seq),),
    default_sort="-seq",
)
_AFTER = Parameter(
    name="after",
    type=Annotated[int, msgspec.Meta(ge=0, le=_SEQ_MAX)],
    default=0,
    description="Only events after this one.",
)


def add_audit(router: APIRouter, kit: AccountKit) -> None:
    """Register the routes."""

    async def list_audit_events(request: Request) -> Response:
        """Events in the order of their commits, the newest first."""

        def view(row: RowMapping) -> EventView:
            return event_view(event_of(row["body"], row["seal"]))

        return await kit.lists.answer(request, AUDIT_LIST, each(view))

    async def verify_audit_log(request: Request) -> Response:
        """Looks through the whole log for anything changed, left out, put in, moved or cut off. Takes a second for some ten
        thousand events."""
        refuse_unknown(request)
        found = await kit.audit.verify()
        return json_response(
            VerificationView(
                intact=found.is_intact,
                events=found.events,
                anchors=found.anchors,
                findings=[
                    FindingView(problem=one.problem, seq=one.seq, sentence=one.sentence) for one in found.findings
                ],
                cut=found.cut,
            )
        )

    async def export_audit_log(request: Request) -> Response:
        """Every event as a line of JSON, oldest first, with its seal."""
        refuse_unknown(request, _AFTER.name)
        after_seq = integer(request, _AFTER.name, default=0, minimum=0, maximum=_SEQ_MAX)
        headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
        return StreamingResponse(
            kit.audit.lines(after_seq=after_seq), media_type="application/x-ndjson", headers=headers
        )

    operations = Operations(router, "audit")
    operations.add(
        "GET",
        PATH,
        list_audit_events,
        "Who changed what",
        describe(
            access=needs(READ_AUDIT),
            answers={200: Answer(type=Page[EventView], description="A page of the log.")},
            parameters=AUDIT_LIST.parameters,
            error_statuses=(400, 422, 503),
        ),
    )
    operations.add(
        "GET",
        f"{PATH}/verification",
        verify_audit_log,
        "Did anybody change the log?",
        describe(
            access=needs(READ_AUDIT),
            answers={200: Answer(type=VerificationView, description="What was found.")},
            error_statuses=(422, 503),
        ),
    )
    operations.add(
        "GET",
        f"{PATH}/export",
        export_audit_log,
        "The whole log as lines of JSON",
        describe(
            access=needs(READ_AUDIT),
            answers={200: Answer(type=str, description="The log.", media_type="application/x-ndjson")},
            parameters=(_AFTER,),
            error_statuses=(422, 503),
        ),
    )
