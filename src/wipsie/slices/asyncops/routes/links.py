"""``…/links`` of records of every kind, and ``/api/links``: what refers to something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from fastapi import APIRouter
from sqlalchemy import ColumnElement, RowMapping, and_, false, or_
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.access import SIGNED_IN, needs
from wipsie.api.answers import Made
from wipsie.api.gate import principal_of
from wipsie.api.json_body import read_json
from wipsie.api.lists import Choice, Context, ListSpec, Page, Sort
from wipsie.api.openapi import Answer, Parameter, describe
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import InvalidInput
from wipsie.slices.asyncops.domain.outside import OUTSIDE_KINDS
from wipsie.slices.asyncops.kinds import KINDS
from wipsie.slices.asyncops.rights import COMMENT
from wipsie.slices.asyncops.routes.descriptions import REFERENCE, Operations, creating, listing
from wipsie.slices.asyncops.routes.kit import RouteKit, reference_in
from wipsie.slices.asyncops.routes.subjects import record_in
from wipsie.slices.asyncops.schemas.links import LinkView, NewLink, ReferenceView
from wipsie.slices.asyncops.service.links import LinkService
from wipsie.slices.asyncops.store.links import links_table
from wipsie.slices.asyncops.subjects import Subject, Subjects

_COLUMNS = links_table.c
PATH = "/api/links"
_TARGETS = (*KINDS, *OUTSIDE_KINDS)


class _ThingId:
    """The parameter ``to_id``: of a record it may be the number, so the condition is made once that is looked up."""

    name = "to_id"
    parameters = (Parameter(name="to_id", description="Its id; of a record, its number will do.", example="default"),)

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        del given, context
        return None


LINKS_LIST = ListSpec(
    name="links",
    columns=list(links_table.columns),
    id=_COLUMNS.id,
    filters=(),
    sorts=(Sort(name="created_at", column=_COLUMNS.id),),
    default_sort="-created_at",
)
REFERENCES_LIST = ListSpec(
    name="references",
    columns=list(links_table.columns),
    id=_COLUMNS.id,
    filters=(
        Choice("to_kind", _COLUMNS.to_kind, _TARGETS, about="The kind of the thing."),
        _ThingId(),
        Choice("from_kind", _COLUMNS.from_kind, tuple(KINDS)),
    ),
    sorts=(Sort(name="created_at", column=_COLUMNS.id),),
    default_sort="-created_at",
)


def add_links(router: APIRouter, kit: RouteKit, subjects: Subjects, service: LinkService) -> None:
    """Register the routes."""
    operations = Operations(router, "links")
    for subject in subjects:
        _add_on(operations, kit, subjects, subject, service)

    async def list_references(request: Request) -> Response:
        """What refers to a thing: the records that link to a queue, a message, a mail, a report, an address or another record,
        as far as one may read them."""
        principal = principal_of(request)
        to_kind, to_id = (request.query_params.get(name) for name in ("to_kind", "to_id"))
        if not to_kind or not to_id or to_kind not in _TARGETS:
            raise InvalidInput(
                "Say which thing: to_kind, one kind, and to_id, for example to_kind=queue&to_id=default.",
                details={"field": "to_id" if to_kind in _TARGETS else "to_kind", "accepted": list(_TARGETS)},
            )
        async with kit.database.read() as connection:
            thing_id = await service.thing_id(connection, principal, to_kind, to_id)
        where = [
            _COLUMNS.to_id == thing_id,
            subjects.visible(principal, _COLUMNS.from_kind, _COLUMNS.from_id),
        ]
        return await kit.lists.answer(request, REFERENCES_LIST, service.reference_views, where=where)

    async def remove_link(request: Request) -> Response:
        """Take a link back that one made; admins may remove anybody's. Both sides' timelines tell of it."""
        async with kit.database.unit_of_work() as unit:
            await service.remove(unit, principal_of(request), reference_in(request))
        return Response(status_code=204)

    operations.add(
        "GET",
        PATH,
        list_references,
        "List what refers to a thing",
        describe(
            access=SIGNED_IN,
            answers={200: Answer(type=Page[ReferenceView], description="A page of the list.")},
            parameters=tuple(_required(one) for one in REFERENCES_LIST.parameters),
            error_statuses=(400, 404, 422, 503),
        ),
    )
    operations.add(
        "DELETE",
        f"{PATH}/{{reference}}",
        remove_link,
        "Remove a link",
        describe(
            access=needs(COMMENT),
            answers={204: Answer(description="Gone.")},
            parameters=(REFERENCE,),
            error_statuses=(404, 503),
        ),
    )


def _add_on(operations: Operations, kit: RouteKit, subjects: Subjects, subject: Subject, service: LinkService) -> None:
    new = msgspec.json.Decoder(NewLink)
    kind = subject.kind
    path = f"{kind.path}/{{reference}}/links"

    async def list_links(request: Request) -> Response:
        """What it is linked to, from either side, each with the word for this side. What one may not read is left out."""
        record = await record_in(request, kit, subject)
        principal = principal_of(request)
        outside = _COLUMNS.to_kind.in_(tuple(OUTSIDE_KINDS))
        from_here = and_(
            _COLUMNS.from_id == record.id, or_(outside, subjects.visible(principal, _COLUMNS.to_kind, _COLUMNS.to_id))
        )
        to_here = and_(
            _COLUMNS.to_kind == kind.name,
            _COLUMNS.to_id == record.id,
            subjects.visible(principal, _COLUMNS.from_kind, _COLUMNS.from_id),
        )

        async def views(connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[LinkView]:
            return await service.views_from(connection, rows, record.id)

        return await kit.lists.answer(request, LINKS_LIST, views, where=[or_(false(), from_here, to_here)])

    async def create_link(request: Request) -> Response:
        """Link it to another record, or to a queue, a message, a mail, a report or an address."""
        body = await read_json(request, new)

        async def add(unit: UnitOfWork) -> Made:
            return await service.add(unit, principal_of(request), subject, reference_in(request), body)

        return await kit.changes.answer(request, body, add)

    operations.add(
        "GET",
        path,
        list_links,
        f"List links of a {kind.title.lower()}",
        listing(LINKS_LIST, LinkView, subject.read, REFERENCE),
        operation_id=f"list_{kind.name}_links",
    )
    operations.add(
        "POST",
        path,
        create_link,
        f"Link a {kind.title.lower()}",
        creating(
            NewLink,
            LinkView,
            COMMENT,
            {
                "to a queue": {"relation": "about", "to": {"kind": "queue", "id": "data_polling"}},
                "to an incident": {"relation": "caused_by", "to": {"kind": "incident", "id": "INC-42"}},
            },
            REFERENCE,
        ),
        operation_id=f"create_{kind.name}_link",
    )


def _required(parameter: Parameter) -> Parameter:
    return msgspec.structs.replace(parameter, required=True) if parameter.name.startswith("to_") else parameter
