"""What rules do to mails that are new, in the commit that writes them to the index.

new mails ─► rules, in order ─► not hit before? ─► tags, hits ─┐
                                                └► messages ───┴─► one commit

So each rule acts once on each mail: a message that comes twice, or a copy, brings no new mail; a commit that fails takes its
messages with it; and an index that was made anew finds the hits of before under the ids of the mails. Nothing that is wrong with
a rule keeps a mail from being archived.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from wipsie.database.unit_of_work import UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.queue.contract import NewMessage
from wipsie.slices.mail.domain.rules.matching import CompiledRule, matching
from wipsie.slices.mail.domain.rules.rule import Action, ForwardAction, NotifyAction, TagAction
from wipsie.slices.mail.service.rules import messages
from wipsie.slices.mail.service.rules.book import RuleBook
from wipsie.slices.mail.service.rules.hourly import HourlyCounts
from wipsie.slices.mail.service.rules.messages import MailData
from wipsie.slices.mail.service.rules.seen import facts_of_entry
from wipsie.slices.mail.store import rules as store
from wipsie.slices.mail.store.entries import Entry
from wipsie.slices.mail.store.index import Added
from wipsie.slices.mail.store.rules import Hit
from wipsie.telemetry import correlation
from wipsie.telemetry.logging import get_logger

NOTICES_PER_HOUR_MAX = 60
"""Of one rule in one process: a flood of mails must not become a flood of notices, nor a notice that is archived here itself
begin a round without end."""

_log = get_logger(__name__)


class RuleEngine:
    """One per process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._book = RuleBook(clock)
        self._notices = HourlyCounts(clock)
        self._incidents = HourlyCounts(clock)

    def forget(self) -> None:
        """Rules were changed in this process: read them again."""
        self._book.forget()

    async def on_new(self, unit: UnitOfWork, fresh: Sequence[tuple[Entry, Added]]) -> None:
        """Do what rules say to mails that this unit writes. A `Hook` of the index. StorageUnavailable."""
        rules = await self._book.rules(unit.connection)
        if not rules:
            return
        found: list[tuple[Entry, Added, list[CompiledRule]]] = []
        for entry, added in fresh:
            matched = matching(rules, facts_of_entry(entry), on_broken=_tell_broken)
            if matched:
                found.append((entry, added, matched))
        if not found:
            return
        before = await store.pairs_hit(unit.connection, [entry.name.id for entry, _, _ in found])
        round_ = _Round(unit, self._clock.now_ms(), self._notices, self._incidents)
        for entry, added, matched in found:
            for rule in matched:
                if (entry.name.id, rule.id) not in before:
                    round_.act(entry, added.number, rule)
        if round_.tags:
            await store.add_tags(unit.connection, round_.tags)
        await store.add_hits(unit.connection, round_.hits)
        unit.after_commit(round_.count)


class _Round:
    """The rules at work on the mails of one commit."""

    def __init__(self, unit: UnitOfWork, now_ms: int, notices: HourlyCounts, incidents: HourlyCounts) -> None:
        self.tags: dict[tuple[int, str], str] = {}
        self.hits: list[Hit] = []
        self._unit = unit
        self._now_ms = now_ms
        self._before = (notices, incidents)
        self._noticed: Counter[str] = Counter()
        self._proposed: Counter[str] = Counter()

    def act(self, entry: Entry, number: int, rule: CompiledRule) -> None:
        """Do everything a rule says to a mail."""
        data = messages.data_of(entry, rule)
        done: list[str] = []
        for action in rule.actions:
            if isinstance(action, TagAction):
                self.tags.setdefault((number, action.tag), rule.id)
                done.append(messages.words_of(action))
            elif self._send(action, rule, data):
                done.append(messages.words_of(action))
        self.hits.append(Hit(mail_id=entry.name.id, rule=rule.id, at_ms=self._now_ms, actions=done))

    def count(self) -> None:
        """Remember what was sent, once it is committed."""
        notices, incidents = self._before
        notices.add(self._noticed)
        incidents.add(self._proposed)

    def _send(self, action: Action, rule: CompiledRule, data: MailData) -> bool:
        # Mails of many requests are written at once: what each sets in motion is found by the mail.
        ids = correlation.set_ids(correlation_id=data.id)
        try:
            message = self._message(action, rule, data)
        except Exception as error:
            # A message that cannot be made is no reason to lose the mail; nothing was written yet.
            _tell_broken(rule, error)
            return False
        finally:
            correlation.reset(ids)
        if message is None:
            return False
        self._unit.publish(message)
        return True

    def _message(self, action: Action, rule: CompiledRule, data: MailData) -> NewMessage | None:
        """What an action sends; None when enough was sent for now."""
        now_s = self._now_ms / 1000
        notices, incidents = self._before
        if isinstance(action, ForwardAction):
            return messages.forwarded(action, data, now_s=now_s)
        if isinstance(action, NotifyAction):
            left = NOTICES_PER_HOUR_MAX - notices.of(rule.id) - self._noticed[rule.id]
            if left <= 0:
                return None
            message = messages.notice(action, rule, data, is_last=left == 1, now_s=now_s)
            self._noticed[rule.id] += 1
            return message
        if isinstance(action, TagAction) or incidents.of(rule.id) + self._proposed[rule.id]:
            # Within this hour of the clock another process may have told already: the queue takes it once.
            return None
        message = messages.incident(action, rule, data, now_ms=self._now_ms)
        self._proposed[rule.id] += 1
        return message


def _tell_broken(rule: CompiledRule, error: Exception) -> None:
    _log.error("mail_rule_failed", rule=rule.id, reason=f"{type(error).__name__}: {error}")
