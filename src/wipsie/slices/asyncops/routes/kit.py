"""What the routes of every kind of record are made with: use cases in, responses out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from wipsie.api.answers import Changes, Made
from wipsie.api.gate import principal_of
from wipsie.api.json_body import read_json
from wipsie.api.lists import ListReader
from wipsie.api.versions import expected_version, versioned_response
from wipsie.auth.principal import Principal
from wipsie.database import Database, UnitOfWork
from wipsie.slices.asyncops.kinds import Kind
from wipsie.slices.asyncops.store.records import Record, RecordTable

BodyT = TypeVar("BodyT")
RecordT = TypeVar("RecordT", bound=Record)

View = Callable[[AsyncConnection, RecordT], Awaitable[Any]]
"""Makes what is shown of a record."""
Create = Callable[[UnitOfWork, Principal, BodyT], Awaitable[RecordT]]
Change = Callable[[UnitOfWork, Principal, str, BodyT, int], Awaitable[RecordT]]
"""A use case that changes a record: (unit, principal, reference, body, expected version)."""
Act = Callable[[UnitOfWork, Principal, str, BodyT], Awaitable[Made]]
"""A use case that adds something to a record and leaves its version alone."""
Remove = Callable[[UnitOfWork, Principal, str, int], Awaitable[None]]


class RouteKit:
    """One for the slice."""

    def __init__(self, database: Database, lists: ListReader) -> None:
        self.database = database
        self.lists = lists
        self.changes = Changes(database)

    async def show(self, request: Request, table: RecordTable[RecordT], view: View[RecordT]) -> Response:
        """Answer the record named in the path, if whoever asks may see it."""
        async with self.database.glance() as connection:
            found = await table.get(connection, reference_in(request), principal_of(request))
            shown = await view(connection, found)
        return versioned_response(request, shown, found.version)

    async def create(
        self,
        request: Request,
        decoder: msgspec.json.Decoder[BodyT],
        work: Create[BodyT, RecordT],
        view: View[RecordT],
        kind: Kind,
    ) -> Response:
        """Make the record the body asks for, once for each Idempotency-Key."""
        body = await read_json(request, decoder)
        principal = principal_of(request)

        async def make(unit: UnitOfWork) -> Made:
            record = await work(unit, principal, body)
            shown = await view(unit.connection, record)
            return Made(value=shown, version=record.version, location=f"{kind.path}/{record.id}")

        return await self.changes.answer(request, body, make)

    async def change(
        self,
        request: Request,
        decoder: msgspec.json.Decoder[BodyT],
        work: Change[BodyT, RecordT],
        view: View[RecordT],
    ) -> Response:
        """Change the record named in the path, in the version that If-Match names."""
        version = expected_version(request)
        body = await read_json(request, decoder)
        principal, reference = principal_of(request), reference_in(request)

        async def make(unit: UnitOfWork) -> Made:
            record = await work(unit, principal, reference, body, version)
            return Made(value=await view(unit.connection, record), status=200, version=record.version)

        return await self.changes.answer(request, body, make)

    async def act(self, request: Request, decoder: msgspec.json.Decoder[BodyT], work: Act[BodyT]) -> Response:
        """Add something to the record named in the path, once for each Idempotency-Key."""
        body = await read_json(request, decoder)
        principal, reference = principal_of(request), reference_in(request)
        return await self.changes.answer(request, body, lambda unit: work(unit, principal, reference, body))

    async def remove(self, request: Request, work: Remove) -> Response:
        """Remove the record named in the path, in the version that If-Match names."""
        version = expected_version(request)
        async with self.database.unit_of_work() as unit:
            await work(unit, principal_of(request), reference_in(request), version)
        return Response(status_code=204)


def reference_in(request: Request) -> str:
    """The id or number in the path."""
    return request.path_params["reference"]
