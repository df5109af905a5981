"""Tries a rule on mails of the archive, from the newest on, within bounds of mails and of time, and does nothing to them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, select

from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import TooManyRequests
from wipsie.slices.mail.domain.archive_key import TIMESTAMP_S_MAX, number_from
from wipsie.slices.mail.domain.rules.facts import MailFacts
from wipsie.slices.mail.domain.rules.matching import CompiledRule, RuleRefused, compile_rule
from wipsie.slices.mail.domain.rules.rule import RuleBody, TagAction
from wipsie.slices.mail.schemas.rules import DryRunRequest, DryRunView, TriedMail
from wipsie.slices.mail.service.rules.seen import facts_of_rows
from wipsie.slices.mail.service.rules.targets import RuleTargets, refused
from wipsie.slices.mail.store import reading
from wipsie.slices.mail.store.tables import mails_table

TIME_S_MAX = 5.0
CHUNK_MAILS = 100
MATCHES_MAX, NEAR_MISSES_MAX = 50, 10
NUMBER_MAX = 2**63 - 1
AT_ONCE_MAX = 2
"""In one process: each keeps a reader of the database and a processor busy."""
_MAILS = mails_table.c
_READ = (
    _MAILS.number,
    _MAILS.id,
    _MAILS.timestamp_s,
    _MAILS.subject,
    _MAILS.sender,
    _MAILS.sender_address,
    _MAILS.list_id,
    _MAILS.size,
    _MAILS.raw_size,
    _MAILS.verdicts,
)


class DryRun:
    """One per process."""

    def __init__(self, database: Database, targets: RuleTargets, clock: Clock) -> None:
        self._database = database
        self._targets = targets
        self._clock = clock
        self._running = 0

    async def look(self, request: DryRunRequest) -> DryRunView:
        """What the rule would have held of. InvalidInput as when it is written; TooManyRequests while others are tried."""
        rule = await self._compiled(request)
        if self._running >= AT_ONCE_MAX:
            raise TooManyRequests("Other rules are being tried; try again shortly.", retry_after_s=2.0)
        self._running += 1
        try:
            return await self._look(rule, request)
        finally:
            self._running -= 1

    async def _compiled(self, request: DryRunRequest) -> CompiledRule:
        wanted = request.rule
        actions = await self._targets.checked(wanted.actions, where="rule.actions")
        body = RuleBody(conditions=wanted.conditions, actions=actions or [TagAction(tag="dry run")])
        try:
            return compile_rule("", wanted.name, body)
        except RuleRefused as error:
            raise refused(f"rule.{error.field}", error.problem) from None

    async def _look(self, rule: CompiledRule, request: DryRunRequest) -> DryRunView:
        began_s = self._clock.monotonic()
        tally = _Tally(rule)
        first = 0 if request.since is None else _number_from(request.since)
        before = NUMBER_MAX if request.until is None else _number_from(request.until)
        while tally.looked_at < request.newest:
            if self._clock.monotonic() - began_s >= TIME_S_MAX:
                return tally.view(is_complete=False)
            limit = min(CHUNK_MAILS, request.newest - tally.looked_at)
            rows, facts = await self._read(rule, first, before, limit)
            # In a thread: folding long texts would keep everybody else waiting.
            await asyncio.to_thread(tally.add, rows, facts)
            if len(rows) < limit:
                break
            before = rows[-1]["number"]
        return tally.view(is_complete=True)

    async def _read(
        self, rule: CompiledRule, first: int, before: int, limit: int
    ) -> tuple[Sequence[RowMapping], list[MailFacts]]:
        wanted = (
            select(*_READ)
            .where(_MAILS.number >= first, _MAILS.number < before)
            .order_by(_MAILS.number.desc())
            .limit(limit)
        )
        async with self._database.glance() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
            numbers = [row["number"] for row in rows]
            recipients = await reading.recipients_of(connection, numbers)
            attachments = await reading.attachments_of(connection, numbers)
            texts = await reading.texts_of(connection, numbers) if rule.needs_text else {}
        return rows, [
            facts_of_rows(
                row,
                recipients.get(row["number"], []),
                attachments.get(row["number"], []),
                texts.get(row["number"], ""),
            )
            for row in rows
        ]


class _Tally:
    """What was seen so far."""

    def __init__(self, rule: CompiledRule) -> None:
        self.looked_at = 0
        self._rule = rule
        self._matched = 0
        self._counts = [0] * len(rule.checks)
        self._matches: list[TriedMail] = []
        self._near_misses: list[TriedMail] = []

    def add(self, rows: Sequence[RowMapping], facts: Sequence[MailFacts]) -> None:
        """Look at mails."""
        for row, fact in zip(rows, facts, strict=True):
            held = [check(fact) for check in self._rule.checks]
            self.looked_at += 1
            self._counts = [count + one for count, one in zip(self._counts, held, strict=True)]
            if all(held):
                self._matched += 1
                if len(self._matches) < MATCHES_MAX:
                    self._matches.append(_tried(row, held))
            elif held.count(False) == 1 < len(held) and len(self._near_misses) < NEAR_MISSES_MAX:
                self._near_misses.append(_tried(row, held))

    def view(self, *, is_complete: bool) -> DryRunView:
        """As it is shown."""
        return DryRunView(
            looked_at=self.looked_at,
            is_complete=is_complete,
            matched=self._matched,
            condition_counts=self._counts,
            mails=self._matches,
            near_misses=self._near_misses,
        )


def _tried(row: Any, held: list[bool]) -> TriedMail:
    return TriedMail(
        id=row["id"],
        subject=row["subject"],
        sender=row["sender"],
        sent_at=datetime.fromtimestamp(row["timestamp_s"], UTC),
        held=held,
    )


def _number_from(moment: datetime) -> int:
    """The smallest number of mails at or after this time, within those that databases have."""
    try:
        seconds = math.ceil(moment.timestamp())
    except (OverflowError, ValueError):
        # Of the years 1 and 9999, whose other side of the world lies beyond the calendar.
        seconds = 0 if moment.year < 2000 else TIMESTAMP_S_MAX + 1
    return min(number_from(min(max(seconds, 0), TIMESTAMP_S_MAX + 1)), NUMBER_MAX)
