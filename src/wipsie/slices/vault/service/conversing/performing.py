"""Does what a conversation wants done. What comes of it comes back as events, in the same commit where that is possible."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from wipsie.kernel.errors import Conflict, NotFound
from wipsie.slices.vault.domain.conversation import Details, Event
from wipsie.slices.vault.domain.conversation import effects as wanted
from wipsie.slices.vault.domain.conversation.events import (
    Deleted,
    Erased,
    PinRight,
    PinSet,
    PinWrong,
    ReportNotThere,
    ReportOpened,
    Restored,
    Saved,
)
from wipsie.slices.vault.domain.file_reading import FileReading
from wipsie.slices.vault.domain.reports import ReportDetails
from wipsie.slices.vault.domain.whatsapp.outgoing import ReadReceipt
from wipsie.slices.vault.jobs import FetchJob, ReadOnJob, job_message
from wipsie.slices.vault.service.conversing import pins
from wipsie.slices.vault.service.conversing.answering import Answering
from wipsie.slices.vault.service.conversing.pins import PinWork, StretchedPin
from wipsie.slices.vault.service.conversing.summaries import summary_of
from wipsie.slices.vault.service.conversing.turn import Turn
from wipsie.slices.vault.service.keeping.deleting import Eraser
from wipsie.slices.vault.service.keeping.links.giving import LinkGiver
from wipsie.slices.vault.service.keeping.reading_room import ReadingRoom
from wipsie.slices.vault.service.keeping.saving import ReportSaver
from wipsie.slices.vault.service.passwords import seal_password
from wipsie.slices.vault.store import identities
from wipsie.slices.vault.store.files import begin_fetching, note_waiting, reading_of
from wipsie.telemetry.logging import get_logger

ANSWERED_MS: Final = 86_400_000
"""After this nothing can be said to somebody any more who had everything erased."""

_log = get_logger(__name__)


class NotPrepared(Exception):
    """A report is to be saved whose objects are not in place yet: prepare that, and begin the turn anew."""

    def __init__(self, save: wanted.Save) -> None:
        super().__init__("a save is not prepared")
        self.save = save


class NotSaved(Exception):
    """A report could not be saved, half-way perhaps: the turn begins anew and hears of it, so that nothing of the attempt is kept."""

    def __init__(self, save: wanted.Save) -> None:
        super().__init__("a report was not saved")
        self.save = save


class NotStretched(Exception):
    """A PIN is to be compared, or kept: stretch it, and begin the turn anew. Should another one be stored by then, it is not that work."""

    def __init__(self, work: PinWork) -> None:
        super().__init__("a PIN is not stretched")
        self.work = work


class Performing:
    """One per process."""

    def __init__(
        self,
        saver: ReportSaver,
        room: ReadingRoom,
        eraser: Eraser,
        links: LinkGiver,
        answering: Answering,
        *,
        deleted_kept_ms: int,
        stopped_kept_ms: int,
    ) -> None:
        """`deleted_kept_ms`: how long a deleted report can be had back; `stopped_kept_ms`: how long everything is kept after STOP."""
        self._saver = saver
        self._room = room
        self._eraser = eraser
        self._links = links
        self._answering = answering
        self._deleted_kept_ms = deleted_kept_ms
        self._stopped_kept_ms = stopped_kept_ms
        self._verbs: dict[type, Callable[[Turn, Any], Awaitable[list[Event]]]] = {
            wanted.Say: self._say,
            wanted.Acknowledge: self._acknowledge,
            wanted.GiveConsent: self._give_consent,
            wanted.WithdrawConsent: self._withdraw_consent,
            wanted.SetLanguage: self._set_language,
            wanted.Check: self._check,
            wanted.Unlock: self._unlock,
            wanted.Discard: self._discard,
            wanted.Save: self._save,
            wanted.Answer: self._answer,
            wanted.Open: self._open,
            wanted.Delete: self._delete,
            wanted.Undo: self._undo,
            wanted.TryPin: self._try_pin,
            wanted.SetPin: self._set_pin,
            wanted.EraseEverything: self._erase_everything,
            wanted.Alarm: self._alarm,
            wanted.Note: self._note,
        }

    async def perform(self, turn: Turn, effect: wanted.Effect) -> list[Event]:
        """Do it, in the turn's unit of work. NotPrepared, NotSaved, NotStretched; StorageUnavailable."""
        return await self._verbs[type(effect)](turn, effect)

    async def _say(self, turn: Turn, effect: wanted.Say) -> list[Event]:
        turn.say(effect.message, quotes=effect.quote, is_sensitive=effect.is_sensitive)
        return []

    async def _acknowledge(self, turn: Turn, effect: wanted.Acknowledge) -> list[Event]:
        turn.say(ReadReceipt(message_id=effect.message_id, is_typing=True))
        return []

    async def _give_consent(self, turn: Turn, effect: wanted.GiveConsent) -> list[Event]:
        await identities.give_consent(
            turn.unit.connection,
            turn.ring,
            turn.owner,
            version=effect.version,
            language=effect.language,
            message_id=effect.message_id,
            now_ms=turn.now_ms,
        )
        turn.change_identity(consent_version=effect.version, consented_at_ms=turn.now_ms, stopped_at_ms=None)
        turn.record("vault:consent:give", version=effect.version, language=effect.language)
        return []

    async def _withdraw_consent(self, turn: Turn, effect: wanted.WithdrawConsent) -> list[Event]:
        del effect
        await identities.withdraw_consent(
            turn.unit.connection, turn.owner, now_ms=turn.now_ms, erase_at_ms=turn.now_ms + self._stopped_kept_ms
        )
        links = await self._links.revoke(turn.unit, turn.ring, turn.owner, turn.viewer)
        turn.record("vault:consent:withdraw", links=links)
        return []

    async def _set_language(self, turn: Turn, effect: wanted.SetLanguage) -> list[Event]:
        await identities.set_language(turn.unit.connection, turn.owner, effect.language)
        turn.change_identity(language=effect.language)
        return []

    async def _check(self, turn: Turn, effect: wanted.Check) -> list[Event]:
        for file in await begin_fetching(turn.unit.connection, effect.file_ids, now_ms=turn.now_ms):
            turn.unit.publish(job_message(FetchJob(file=file), now_s=turn.now_ms / 1000))
        return []

    async def _unlock(self, turn: Turn, effect: wanted.Unlock) -> list[Event]:
        # Sealed for this file alone, in the message of one job, which is gone when that is done.
        password = seal_password(turn.ring, effect.file_id, effect.password)
        await note_waiting(turn.unit.connection, effect.file_id, reason="unlocking", now_ms=turn.now_ms)
        turn.unit.publish(job_message(FetchJob(file=effect.file_id, password=password), now_s=turn.now_ms / 1000))
        return []

    async def _discard(self, turn: Turn, effect: wanted.Discard) -> list[Event]:
        dropped = await self._eraser.discard(turn.unit, turn.owner, effect.file_ids)
        if dropped:
            turn.record("vault:file:discard", files=len(dropped), reason=effect.reason)
        return []

    async def _save(self, turn: Turn, effect: wanted.Save) -> list[Event]:
        details = kept_details(effect.details)
        event_id = f"saved:{effect.draft_id}"
        try:
            if effect.edits is not None:
                await self._saver.edit(turn.unit, turn.ring, turn.owner, effect.edits, details, turn.viewer)
                return [Saved(id=event_id, draft_id=effect.draft_id, number=effect.edits)]
            prepared = turn.prepared.get(effect.draft_id)
            if prepared is None or prepared.files != effect.file_ids:
                raise NotPrepared(effect)
            saved = await self._saver.save(turn.unit, turn.ring, prepared, details, turn.viewer)
        except (NotFound, Conflict) as error:
            _log.warning("vault_report_not_saved", owner=turn.owner, reason=error.code)
            raise NotSaved(effect) from error
        turn.is_first_save = saved.number == 1
        if saved.is_new:
            await self._read_on(turn, effect.file_ids)
        turn.afterwards.append(lambda: self._saver.sweep(prepared))
        return [Saved(id=event_id, draft_id=effect.draft_id, number=saved.number)]

    async def _read_on(self, turn: Turn, file_ids: Sequence[str]) -> None:
        for file in file_ids:
            reading = await reading_of(turn.unit.connection, turn.ring, file, FileReading)
            if reading is not None and reading.has_pages_left:
                turn.unit.publish(job_message(ReadOnJob(file=file), now_s=turn.now_ms / 1000))

    async def _answer(self, turn: Turn, effect: wanted.Answer) -> list[Event]:
        await self._answering.answer(turn, effect.query)
        return []

    async def _open(self, turn: Turn, effect: wanted.Open) -> list[Event]:
        report = await self._room.get(
            turn.unit, turn.ring, turn.viewer, turn.owner, effect.number, purpose=effect.purpose
        )
        if report is None:
            return [ReportNotThere(id=turn.event_id("not_there"), number=effect.number)]
        return [ReportOpened(id=turn.event_id("opened"), report=summary_of(report), purpose=effect.purpose)]

    async def _delete(self, turn: Turn, effect: wanted.Delete) -> list[Event]:
        try:
            report = await self._eraser.delete(
                turn.unit, turn.ring, turn.owner, effect.number, turn.viewer, hidden_ms=self._deleted_kept_ms
            )
        except NotFound:
            return [ReportNotThere(id=turn.event_id("not_there"), number=effect.number)]
        until_ms = report.erase_at_ms or turn.now_ms
        return [Deleted(id=turn.event_id("deleted"), number=effect.number, until_ms=until_ms)]

    async def _undo(self, turn: Turn, effect: wanted.Undo) -> list[Event]:
        report = await self._eraser.restore(turn.unit, turn.ring, turn.owner, turn.viewer, effect.number)
        return [Restored(id=turn.event_id("restored"), number=None if report is None else report.number)]

    async def _try_pin(self, turn: Turn, effect: wanted.TryPin) -> list[Event]:
        identity, connection = turn.identity, turn.unit.connection
        if identity.pin_blocked_until_ms > turn.now_ms or identity.pin_hash is None:
            return [PinWrong(id=turn.event_id("pin"), blocked_until_ms=identity.pin_blocked_until_ms)]
        stretched = _stretched(turn, PinWork(effect.pin, identity.pin_hash))
        if stretched.is_right:
            await identities.set_pin(connection, turn.owner, stretched.kept)
            turn.change_identity(pin_hash=stretched.kept, pin_failures=0, pin_blocked_until_ms=0, needs_step_up=False)
            turn.record("vault:pin:pass")
            return [PinRight(id=turn.event_id("pin"))]
        failures = identity.pin_failures + 1
        pause_s = pins.pause_s(failures)
        blocked_until_ms = turn.now_ms + round(pause_s * 1000) if pause_s else 0
        await identities.pin_failed(connection, turn.owner, failures=failures, blocked_until_ms=blocked_until_ms)
        turn.change_identity(pin_failures=failures, pin_blocked_until_ms=blocked_until_ms)
        turn.record("vault:pin:fail", failures=failures)
        tries_left = max(0, pins.TRIES_FREE - failures)
        return [PinWrong(id=turn.event_id("pin"), tries_left=tries_left, blocked_until_ms=blocked_until_ms)]

    async def _set_pin(self, turn: Turn, effect: wanted.SetPin) -> list[Event]:
        pin_hash = _stretched(turn, PinWork(effect.pin, None)).kept
        await identities.set_pin(turn.unit.connection, turn.owner, pin_hash)
        turn.change_identity(pin_hash=pin_hash, pin_failures=0, pin_blocked_until_ms=0, needs_step_up=False)
        turn.record("vault:pin:set")
        return [PinSet(id=turn.event_id("pin"))]

    async def _erase_everything(self, turn: Turn, effect: wanted.EraseEverything) -> list[Event]:
        del effect
        await self._eraser.erase_owner(turn.unit, turn.ring, turn.owner, turn.viewer)
        # Who they are is needed for the answer, and for nothing after it.
        await identities.withdraw_consent(
            turn.unit.connection, turn.owner, now_ms=turn.now_ms, erase_at_ms=turn.now_ms + ANSWERED_MS
        )
        turn.afterwards.append(self._eraser.remove_bytes)
        return [Erased(id=turn.event_id("erased"))]

    async def _alarm(self, turn: Turn, effect: wanted.Alarm) -> list[Event]:
        _log.error("vault_alarm", reason=effect.reason, owner=turn.owner)
        return []

    async def _note(self, turn: Turn, effect: wanted.Note) -> list[Event]:
        facts = {} if effect.count is None else {"count": effect.count}
        turn.record(f"vault:conversation:{effect.action}", **facts)
        return []


def _stretched(turn: Turn, work: PinWork) -> StretchedPin:
    done = turn.stretched.get(work)
    if done is None:
        raise NotStretched(work)
    return done


def kept_details(details: Details) -> ReportDetails:
    """What the conversation knows of a report, as it is kept."""
    return ReportDetails(
        date=details.date,
        hospital=details.hospital,
        type=details.type,
        person=details.person,
        note=details.note,
    )
