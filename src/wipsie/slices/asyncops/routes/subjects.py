"""What the routes on records of every kind share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.gate import principal_of
from wipsie.api.lists import ListSpec, Views
from wipsie.slices.asyncops.routes.kit import RouteKit, reference_in
from wipsie.slices.asyncops.store.records import Record
from wipsie.slices.asyncops.subjects import Subject


async def record_in(request: Request, kit: RouteKit, subject: Subject) -> Record:
    """The record named in the path, for whoever asks. Forbidden, NotFound."""
    async with kit.database.read() as connection:
        return await subject.get(connection, reference_in(request), principal_of(request))


async def list_on(
    request: Request,
    kit: RouteKit,
    subject: Subject,
    spec: ListSpec,
    views: Views[Any],
    column: ColumnElement[str],
    where: Sequence[ColumnElement[bool]] = (),
) -> Response:
    """A list of what hangs on the record named in the path; `column` holds its id."""
    record = await record_in(request, kit, subject)
    return await kit.lists.answer(request, spec, views, where=[column == record.id, *where])
