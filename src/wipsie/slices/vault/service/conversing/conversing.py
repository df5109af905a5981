"""Lets a conversation go on: an event, what the rules say, what is done, what comes of that; and all of it is one commit.

read ──► step ──► effects ──► done in the unit of work ──► events? ──► step … ──► conversation stored, if nobody was faster ──► commit
                     │ a report to be saved: its objects are copied first, outside of the unit, and the turn begins anew;
                     │ a PIN to be compared or kept is stretched there as well
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import msgspec

from wipsie.blobs.errors import BlobCorrupt, BlobNotFound
from wipsie.blobs.sealing import KeyHolder, KeyRing
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import InternalError, StorageUnavailable, Unavailable
from wipsie.slices.vault.domain.conversation import Conversation, Event, Facts, Policy, State, step
from wipsie.slices.vault.domain.conversation import effects as wanted
from wipsie.slices.vault.domain.conversation.events import SaveFailed
from wipsie.slices.vault.domain.places import date_order_of, utc_offset_min_of
from wipsie.slices.vault.domain.sending.window import may_be_sent
from wipsie.slices.vault.jobs import TimerJob, job_message
from wipsie.slices.vault.service.conversing import pins
from wipsie.slices.vault.service.conversing.hospitals import known_hospitals
from wipsie.slices.vault.service.conversing.performing import NotPrepared, NotSaved, NotStretched, Performing
from wipsie.slices.vault.service.conversing.pins import PinWork, StretchedPin
from wipsie.slices.vault.service.conversing.sessions import Sessions
from wipsie.slices.vault.service.conversing.turn import Turn
from wipsie.slices.vault.service.keeping.saving import PreparedSave, ReportSaver
from wipsie.slices.vault.store.conversations import StoredConversation, conversation_of, store_conversation
from wipsie.slices.vault.store.identities import Identity
from wipsie.telemetry.logging import get_logger

TRIES_MAX: Final = 8
"""Of one turn, when others are faster, saves are to be prepared, or PINs stretched."""
AGAIN_S: Final = 1.0
STEPS_MAX: Final = 50
"""Events of one turn: each that comes of an effect is one."""
_NAMING: Final = frozenset((State.ASK_HOSPITAL, State.REVIEW, State.CHECKING, State.COLLECTING, State.ASK_DATE))
"""Where names of hospitals are compared with those that are known."""

_log = get_logger(__name__)


class _Overtaken(Exception):
    """Somebody else let the conversation go on meanwhile."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn begins with."""

    identity: Identity
    events: Sequence[Event]
    sent_at_ms: int | None = None
    """When the user sent what it is about."""


Begin = Callable[[UnitOfWork, KeyRing], Awaitable[Begun | None]]
"""Called in the unit of work, first of all; None: there is nothing to do, and what it wrote is kept. May be called again, in another
unit."""


class Conversing:
    """One per process."""

    def __init__(
        self,
        database: Database,
        keys: KeyHolder,
        clock: Clock,
        sessions: Sessions,
        saver: ReportSaver,
        performing: Performing,
        policy: Policy,
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._sessions = sessions
        self._saver = saver
        self._performing = performing
        self._policy = policy

    async def go_on(self, begin: Begin) -> bool:
        """One turn; False when `begin` said that there is nothing to do. Unavailable (KeyMissing, StorageUnavailable, or others were
        faster again and again): nothing of it was done then."""
        ring = await self._keys.ring()
        prepared: dict[str, PreparedSave] = {}
        failures: list[SaveFailed] = []
        stretched: dict[PinWork, StretchedPin] = {}
        for _ in range(TRIES_MAX):
            owner = None
            try:
                async with self._database.unit_of_work() as unit:
                    begun = await begin(unit, ring)
                    if begun is None:
                        return False
                    owner = begun.identity.id
                    turn, stored = await self._take_turn(unit, ring, begun, prepared, failures, stretched)
            except _Overtaken:
                await self._sessions.drop(owner or "")
                continue
            except NotPrepared as missing:
                failures += await self._prepare(owner or "", missing.save, prepared)
                continue
            except NotStretched as missing:
                stretched[missing.work] = await pins.stretch(ring, owner or "", missing.work)
                continue
            except NotSaved as failure:
                failures.append(self._save_failed(failure.save))
                continue
            await self._sessions.put(ring, turn.owner, stored)
            await self._finish(turn)
            return True
        raise Unavailable("Others let this conversation go on at the same moment; try again.", retry_after_s=AGAIN_S)

    async def _take_turn(
        self,
        unit: UnitOfWork,
        ring: KeyRing,
        begun: Begun,
        prepared: dict[str, PreparedSave],
        failures: Sequence[SaveFailed],
        stretched: Mapping[PinWork, StretchedPin],
    ) -> tuple[Turn, StoredConversation]:
        now_ms = self._clock.now_ms()
        identity = begun.identity
        stored = await self._sessions.get(ring, identity.id) or await conversation_of(
            unit.connection, ring, identity.id
        )
        if stored is None:
            stored = StoredConversation(Conversation.new(identity.language), 0)
        cause = begun.events[0].id if begun.events else "turn"
        turn = Turn(unit, ring, identity, cause=cause, now_ms=now_ms, prepared=prepared, stretched=stretched)
        conversation = stored.conversation
        hospitals: tuple[str, ...] | None = None
        failed = {one.draft_id: one for one in failures}
        waiting = deque(begun.events)
        steps = 0
        while waiting:
            steps += 1
            if steps > STEPS_MAX:
                raise InternalError("A conversation does not come to an end; report this.")
            if hospitals is None and conversation.state in _NAMING:
                hospitals = await known_hospitals(unit.connection, ring, identity.id)
            sent_at_ms = begun.sent_at_ms if steps <= len(begun.events) else None
            facts = self._facts(turn, hospitals or (), sent_at_ms)
            taken = step(conversation, waiting.popleft(), facts)
            conversation = taken.conversation
            for effect in taken.effects:
                if isinstance(effect, wanted.Save) and effect.draft_id in failed:
                    waiting.append(failed[effect.draft_id])
                    continue
                waiting.extend(await self._performing.perform(turn, effect))
        await turn.write_said()
        if not await store_conversation(
            unit.connection, ring, identity.id, stored.version, conversation, now_ms=now_ms
        ):
            raise _Overtaken
        deadline_ms = conversation.deadline_ms
        if deadline_ms is not None and deadline_ms != stored.conversation.deadline_ms:
            delay_s = max(0.0, (deadline_ms - now_ms) / 1000)
            job = TimerJob(owner=identity.id, deadline_ms=deadline_ms)
            unit.publish(job_message(job, now_s=now_ms / 1000, delay_s=delay_s))
        return turn, StoredConversation(conversation, stored.version + 1)

    def _facts(self, turn: Turn, hospitals: tuple[str, ...], sent_at_ms: int | None) -> Facts:
        identity = turn.identity
        country = (identity.details.user_id or "").partition(".")[0]
        return Facts(
            now_ms=turn.now_ms,
            new_id=secrets.token_urlsafe(6).replace("-", "a").replace("_", "b"),
            sent_at_ms=sent_at_ms,
            window_open=may_be_sent("text", last_message_at_ms=identity.last_message_at_ms, now_ms=turn.now_ms),
            has_pin=identity.pin_hash is not None,
            needs_step_up=identity.needs_step_up,
            first_save=turn.is_first_save,
            # Names of a person nobody may be any more are offered to nobody.
            known_hospitals=() if identity.needs_step_up else hospitals,
            utc_offset_min=utc_offset_min_of(country),
            date_order=date_order_of(country),
            policy=self._policy,
        )

    async def _prepare(self, owner: str, save: wanted.Save, prepared: dict[str, PreparedSave]) -> list[SaveFailed]:
        """Copy the objects of a report; what it comes to when that cannot be done now."""
        try:
            prepared[save.draft_id] = await self._saver.prepare(owner, save.draft_id, save.file_ids)
        except (StorageUnavailable, BlobNotFound, BlobCorrupt) as error:
            _log.error("vault_report_not_saved", owner=owner, reason=error.code)
            return [self._save_failed(save)]
        return []

    def _save_failed(self, save: wanted.Save) -> SaveFailed:
        return SaveFailed(id=f"save_failed:{save.draft_id}:{self._clock.now_ms()}", draft_id=save.draft_id)

    async def _finish(self, turn: Turn) -> None:
        for work in turn.afterwards:
            try:
                await work()
            except StorageUnavailable:
                # The upkeep does it again.
                _log.warning("vault_left_to_upkeep", owner=turn.owner)
