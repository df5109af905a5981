"""Takes in what a webhook brings: every update of it in one commit, and only then is Meta told that we have it. Webhooks that come
while another is being written are written together.

messages ──► inbox, sealed ──► a job for each sender
statuses ──► deliveries, which never fall back
the rest ──► counted and logged: a message may hide in what nobody could read
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from wipsie.blobs.sealing import KeyHolder, KeyRing
from wipsie.database import Database, GroupCommit, UnitOfWork
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import Clock
from wipsie.slices.vault.domain.whatsapp.updates import (
    IncomingMessage,
    NumberTrouble,
    OtherChange,
    OurNumber,
    StatusUpdate,
    Unreadable,
    Update,
)
from wipsie.slices.vault.jobs import DeliverJob, ProcessJob, job_message
from wipsie.slices.vault.metrics import VaultMetrics
from wipsie.slices.vault.store.deliveries import apply_statuses
from wipsie.slices.vault.store.inbox import sender_token, take_in
from wipsie.telemetry.logging import get_logger

UPDATES_AT_ONCE_MAX: Final = 1_000
"""In one commit, of however many webhooks; one alone may bring as many."""

_log = get_logger(__name__)


class _Kept(msgspec.Struct, frozen=True):
    """What is kept of one webhook."""

    ring: KeyRing
    messages: list[IncomingMessage]
    statuses: list[StatusUpdate]


class WebhookIntake:
    """One per process."""

    def __init__(
        self,
        database: Database,
        keys: KeyHolder,
        clock: Clock,
        metrics: VaultMetrics,
        *,
        phone_number_ids: Collection[str] = (),
    ) -> None:
        """`phone_number_ids`: numbers of ours that the vault answers on; none takes all there are."""
        self._keys = keys
        self._clock = clock
        self._metrics = metrics
        # Meta waits for the answer, and asks us again when it does not come; everything else of the vault can wait.
        self._commits = GroupCommit(database, self._keep, weight_max=UPDATES_AT_ONCE_MAX, urgent=True)
        self._ours = frozenset(phone_number_ids)

    async def accept(self, updates: Sequence[Update]) -> None:
        """Keep what they bring. KeyMissing, StorageUnavailable; nothing of it is kept then, and Meta sends it again."""
        messages = [one for one in updates if isinstance(one, IncomingMessage) and self._is_ours(one)]
        statuses = [one for one in updates if isinstance(one, StatusUpdate) and self._is_mine(one.number)]
        if messages or statuses:
            # Before anything is written: looking for keys may take its time.
            kept = _Kept(await self._keys.ring(), messages, statuses)
            await self._commits.add(kept, weight=len(messages) + len(statuses))
        self._tell_the_rest(updates)

    async def _keep(self, unit: UnitOfWork, webhooks: Sequence[_Kept]) -> None:
        ring = webhooks[-1].ring
        messages = [one for webhook in webhooks for one in webhook.messages]
        statuses = [one for webhook in webhooks for one in webhook.statuses]
        if messages:
            await self._keep_messages(unit, ring, messages)
        if statuses:
            await self._keep_statuses(unit, ring, statuses)

    async def _keep_messages(self, unit: UnitOfWork, ring: KeyRing, messages: Sequence[IncomingMessage]) -> None:
        now_ms = self._clock.now_ms()
        accepted = await take_in(unit.connection, ring, messages, now_ms=now_ms)
        for sender in dict.fromkeys(sender_token(ring, one) for one in accepted.new):
            unit.publish(job_message(ProcessJob(sender=sender), now_s=self._clock.now()))
        if accepted.changed:
            unit.record(
                AuditEvent(
                    actor="whatsapp",
                    action="vault:message:changed",
                    object="vault:inbox",
                    facts={"count": accepted.changed},
                )
            )

        def count() -> None:
            received = self._metrics.received
            received.labels("message").inc(len(accepted.new))
            received.labels("duplicate").inc(len(messages) - len(accepted.new) - accepted.changed)
            received.labels("changed").inc(accepted.changed)
            if accepted.changed:
                # The same id with another content is nobody's retry.
                _log.error("vault_message_changed", count=accepted.changed)

        unit.after_commit(count)

    async def _keep_statuses(self, unit: UnitOfWork, ring: KeyRing, statuses: Sequence[StatusUpdate]) -> None:
        freed: set[str] = set()
        unmatched = await apply_statuses(unit.connection, ring, statuses, now_ms=self._clock.now_ms(), freed=freed)
        for owner in sorted(freed):
            unit.publish(job_message(DeliverJob(owner=owner), now_s=self._clock.now()))

        def count() -> None:
            self._metrics.received.labels("status").inc(len(statuses) - len(unmatched))
            self._metrics.received.labels("unmatched_status").inc(len(unmatched))

        unit.after_commit(count)

    def _tell_the_rest(self, updates: Sequence[Update]) -> None:
        received = self._metrics.received
        for one in updates:
            match one:
                case NumberTrouble():
                    received.labels("trouble").inc()
                    codes = [error.code for error in one.errors]
                    _log.error("vault_number_trouble", number=one.number.phone_number_id, codes=codes)
                case OtherChange():
                    received.labels("other").inc()
                    _log.info("vault_other_change", field=one.field)
                case Unreadable():
                    received.labels("unreadable").inc()
                    _log.error("vault_update_unreadable", where=one.where, reason=one.reason)
                case IncomingMessage() if not self._is_ours(one):
                    received.labels("elsewhere").inc()
                    _log.warning(
                        "vault_message_elsewhere", number=one.number.phone_number_id, in_group=one.group_id is not None
                    )
                case StatusUpdate() if not self._is_mine(one.number):
                    received.labels("elsewhere").inc()
                case _:
                    pass

    def _is_ours(self, message: IncomingMessage) -> bool:
        # In a group others would read the answers.
        return message.group_id is None and self._is_mine(message.number)

    def _is_mine(self, number: OurNumber) -> bool:
        return not self._ours or number.phone_number_id in self._ours
