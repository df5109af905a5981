"""Decisions out of Markdown."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.json_body import invalid_field
from wipsie.auth.principal import Principal
from wipsie.database import UnitOfWork
from wipsie.kernel.errors import Conflict, InvalidInput
from wipsie.slices.asyncops.domain import decisions as states
from wipsie.slices.asyncops.domain.madr import Document, read_markdown
from wipsie.slices.asyncops.rights import DECIDE, PROPOSE_DECISIONS
from wipsie.slices.asyncops.schemas.decisions import NewDecision
from wipsie.slices.asyncops.schemas.texts import line
from wipsie.slices.asyncops.service.decisions.texts import checked
from wipsie.slices.asyncops.service.decisions.use_cases import DecisionService
from wipsie.slices.asyncops.store.decisions import COLUMNS, DECISIONS, Decision, decisions_table
from wipsie.slices.asyncops.store.records import hold_numbers


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a text."""

    decision: Decision
    is_new: bool


class DecisionImport:
    """Makes decisions of Markdown."""

    def __init__(self, service: DecisionService) -> None:
        self._service = service

    async def take(self, unit: UnitOfWork, principal: Principal, text: str, source: str | None) -> Imported:
        """The decision a text holds. The text of a `source` (name of its file) that was taken before is not taken again;
        Conflict when it is another text by now: what is here may have changed as well, and people decide. Whoever may not
        decide imports drafts and proposals. InvalidInput, Forbidden."""
        principal.check(PROPOSE_DECISIONS, own=True)
        source = None if source is None else line(source, "source")
        digest = hashlib.sha256(text.encode()).hexdigest()
        if source is not None:
            # Whoever imports the same file at this moment waits, and then finds it here.
            await hold_numbers(unit.connection, DECISIONS.kind)
        if source is not None and (known := await find_source(unit.connection, source)) is not None:
            if known.source_digest == digest:
                return Imported(decision=known, is_new=False)
            number = DECISIONS.kind.number_text(known.number)
            raise Conflict(
                f"'{source}' was imported as {number}, with another text. Change that one, or import this under another name.",
                details={"source": source, "id": known.id, "number": number},
            )
        document = read_markdown(text, title="" if source is None else _title_of(source))
        if document.status not in states.WRITABLE:
            principal.check(DECIDE)
        fields = await _fields(unit.connection, document)
        fields |= {"source": source, "source_digest": digest}
        return Imported(decision=await self._service.add(unit, principal, fields, verb="import"), is_new=True)


async def find_source(connection: AsyncConnection, source: str) -> Decision | None:
    """The decision that was imported from a file of this name."""
    row = (await connection.execute(select(decisions_table).where(COLUMNS.source == source))).mappings().one_or_none()
    return None if row is None else DECISIONS.of_row(row)


async def _fields(connection: AsyncConnection, document: Document) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(document)
    status, superseded_by = plain.pop("status"), plain.pop("superseded_by")
    try:
        wanted = msgspec.convert(plain, NewDecision)
    except msgspec.ValidationError as error:
        raise _in_markdown(invalid_field(error)) from None
    try:
        fields = await checked(connection, msgspec.structs.asdict(wanted))
    except InvalidInput as error:
        raise _in_markdown(error) from None
    return {**fields, "status": status, "superseded_text": superseded_by}


def _in_markdown(error: InvalidInput) -> InvalidInput:
    return InvalidInput(f"The record cannot be taken: {error.message}", details=error.details)


def _title_of(source: str) -> str:
    """A title for a record without one: the name of its file."""
    name = source.rsplit("/", 1)[-1].removesuffix(".md")
    return name.lstrip("0123456789-_ ").replace("-", " ").replace("_", " ").strip().capitalize() or name
