"""The rules that hold at this moment, compiled: read again every few seconds, and at once after a change in this process."""

from __future__ import annotations

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.kernel.clock import Clock
from wipsie.slices.mail.domain.rules.matching import CompiledRule, RuleRefused, compile_rule
from wipsie.slices.mail.domain.rules.rule import RULES_MAX, RuleBody
from wipsie.slices.mail.store import rules as store
from wipsie.slices.mail.store.rules import StoredRule
from wipsie.telemetry.logging import get_logger

FRESH_S = 5.0
"""How long a rule of another process may go on as it was."""

_log = get_logger(__name__)
_decoder = msgspec.json.Decoder(RuleBody)


def read_rule(rule: StoredRule) -> CompiledRule:
    """A stored rule, ready to be asked. RuleRefused for one that this release cannot read."""
    return compile_rule(rule.id, rule.name, read_body(rule))


def read_body(rule: StoredRule) -> RuleBody:
    """What a stored rule says. RuleRefused."""
    try:
        return _decoder.decode(rule.body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise RuleRefused("body", f"is not one of this release: {error}") from None


class RuleBook:
    """One per process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rules: list[CompiledRule] = []
        self._fresh_until_s = float("-inf")
        self._forgotten = 0
        self._told: set[tuple[str, int]] = set()

    def forget(self) -> None:
        """Read the rules again when they are next asked for."""
        self._forgotten += 1
        self._fresh_until_s = float("-inf")

    async def rules(self, connection: AsyncConnection) -> list[CompiledRule]:
        """The rules that are on, in order. One that cannot be read is logged and left out. StorageUnavailable."""
        if self._clock.monotonic() >= self._fresh_until_s:
            forgotten = self._forgotten
            stored = await store.all_rules(connection, enabled_only=True)
            self._rules = [rule for one in stored[:RULES_MAX] if (rule := self._read(one)) is not None]
            if forgotten == self._forgotten:
                self._fresh_until_s = self._clock.monotonic() + FRESH_S
            self._told &= {(one.id, one.version) for one in stored}
        return self._rules

    def _read(self, stored: StoredRule) -> CompiledRule | None:
        try:
            return read_rule(stored)
        except RuleRefused as error:
            # Told once for each version, not every few seconds.
            if (stored.id, stored.version) not in self._told:
                self._told.add((stored.id, stored.version))
                _log.error("mail_rule_not_read", rule=stored.id, reason=str(error))
            return None
