"""Whole folders of decision records: taken in, with who supersedes whom, and written out again."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.principal import Principal
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.errors import Conflict, WipsieError
from wipsie.kernel.text_words import folded
from wipsie.slices.asyncops.domain import decisions as states
from wipsie.slices.asyncops.domain.madr import write_markdown
from wipsie.slices.asyncops.people import Person, names_of
from wipsie.slices.asyncops.service.decisions.importing import DecisionImport
from wipsie.slices.asyncops.service.decisions.texts import PARTIES, user_ids
from wipsie.slices.asyncops.service.decisions.use_cases import DecisionService
from wipsie.slices.asyncops.service.decisions.views import document_of
from wipsie.slices.asyncops.store.decisions import COLUMNS, DECISIONS, Decision, decisions_table

SLUG_CHARACTERS_MAX = 60
CHAIN_MAX = 1_000
_LINKED_FILE = re.compile(r"\((?:\./)?([^()\s#]+\.md)(?:#[^()]*)?\)")
_NUMBER = re.compile(r"\d{1,6}")


class RecordFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a folder."""

    name: str
    """With folders below the one that is imported."""
    text: str


class FileReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file."""

    file: str
    what: Literal["made", "unchanged", "differs", "refused"]
    """differs: it was imported before, with another text, and was left alone."""
    number: str | None = None
    title: str | None = None
    reason: str | None = None


class DecisionFolder:
    """Imports and exports many records."""

    def __init__(self, database: Database, service: DecisionService) -> None:
        self._database = database
        self._service = service
        self._import = DecisionImport(service)

    async def take_in(
        self, principal: Principal, files: Sequence[RecordFile], on_file: Callable[[FileReport], None]
    ) -> list[FileReport]:
        """Every file in a commit of its own, in their order, and then who supersedes whom. Run again, it goes on where it
        was stopped, and what is here already stays as it is."""
        exported = {text: decision for decision, _, text in await self._written()}
        reports: list[FileReport] = []
        taken: dict[str, str] = {}
        for file in files:
            known = exported.get(file.text)
            report = await self._take(principal, file) if known is None else _report(file, "unchanged", known)
            if report.number is not None:
                taken[file.name] = report.number
            on_file(report)
            reports.append(report)
        for name, number in taken.items():
            await self._link(principal, name, number, taken)
        return reports

    async def write_out(self, on_file: Callable[[str, str], Awaitable[None]]) -> int:
        """Hand every decision as (name of file, text) to `on_file`, in the order of their numbers; how many."""
        written = await self._written()
        for _, name, text in written:
            await on_file(name, text)
        return len(written)

    async def _take(self, principal: Principal, file: RecordFile) -> FileReport:
        try:
            async with self._database.unit_of_work() as unit:
                taken = await self._import.take(unit, principal, file.text, file.name)
        except Conflict as error:
            number = error.details.get("number")
            return FileReport(file=file.name, what="differs", number=number, reason=error.message)
        except WipsieError as error:
            if error.status >= 500:
                raise
            return FileReport(file=file.name, what="refused", reason=error.message)
        return _report(file, "made" if taken.is_new else "unchanged", taken.decision)

    async def _link(self, principal: Principal, name: str, number: str, taken: dict[str, str]) -> None:
        async with self._database.unit_of_work() as unit:
            before = await DECISIONS.get(unit.connection, number, hold=True)
            if before.status != states.SUPERSEDED or before.superseded_by is not None:
                return
            target = _target(before.superseded_text, name, taken)
            if target is None or target == number:
                return
            successor = await DECISIONS.get(unit.connection, target, hold=True)
            if not await _leads_to(unit, successor, before.id):
                await self._service.link(unit, principal, before, successor)

    async def _written(self) -> list[tuple[Decision, str, str]]:
        """Every decision with the name of its file and its text."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(decisions_table).order_by(COLUMNS.number))).mappings()
            decisions = [DECISIONS.of_row(row) for row in rows]
            people = await _people(connection, decisions)
        names: dict[str, str] = {decision.id: file_name(decision) for decision in decisions}
        numbers: dict[str, str] = {decision.id: DECISIONS.kind.number_text(decision.number) for decision in decisions}
        found: list[tuple[Decision, str, str]] = []
        for decision in decisions:
            by = decision.superseded_by
            link = f"[{numbers[by]}]({names[by]})" if by is not None and by in names else None
            text = write_markdown(document_of(decision, people, superseded_by=link))
            found.append((decision, names[decision.id], text))
        return found


def file_name(decision: Decision) -> str:
    """For example ``0007-keep-queues-in-sqlite.md``."""
    slug = "-".join(folded(decision.title).split())
    slug = re.sub(r"[^a-z0-9-]", "", slug)[:SLUG_CHARACTERS_MAX].strip("-")
    return f"{decision.number:04}-{slug or 'decision'}.md"


async def _people(connection: AsyncConnection, decisions: Sequence[Decision]) -> dict[str, Person]:
    return await names_of(
        connection, (one for decision in decisions for name in PARTIES for one in user_ids(getattr(decision, name)))
    )


def _target(text: str, name: str, taken: dict[str, str]) -> str | None:
    """The number of the decision that a text names: by a link to its file, or by the number its file begins with."""
    folder = name.rpartition("/")[0]
    if (linked := _LINKED_FILE.search(text)) is not None:
        return taken.get(f"{folder}/{linked[1]}" if folder else linked[1])
    if (number := _NUMBER.search(text)) is None:
        return None
    for file, decision in taken.items():
        leading = _NUMBER.search(file.rpartition("/")[2])
        if file.rpartition("/")[0] == folder and leading is not None and int(leading[0]) == int(number[0]):
            return decision
    return None


async def _leads_to(unit: UnitOfWork, decision: Decision, wanted: str) -> bool:
    """Whether `wanted` stands, in the end, in place of `decision`: records may say so in a circle."""
    current: str | None = decision.id
    for _ in range(CHAIN_MAX):
        if current is None or current == wanted:
            return current is not None
        found = select(COLUMNS.superseded_by).where(COLUMNS.id == current)
        current = (await unit.connection.execute(found)).scalar()
    return True


def _report(file: RecordFile, what: Literal["made", "unchanged"], decision: Decision) -> FileReport:
    number = DECISIONS.kind.number_text(decision.number)
    return FileReport(file=file.name, what=what, number=number, title=decision.title)
