"""Files that arrive, and what is none that can be kept."""

from __future__ import annotations

from typing import Final

from wipsie.slices.vault.domain.catalogue import counted, type_named
from wipsie.slices.vault.domain.conversation.consenting import agrees, welcome
from wipsie.slices.vault.domain.conversation.conversation import Burst, HeldFile
from wipsie.slices.vault.domain.conversation.details import Details
from wipsie.slices.vault.domain.conversation.effects import Acknowledge, Check, Discard, DiscardReason
from wipsie.slices.vault.domain.conversation.events import FileSent, NotAccepted
from wipsie.slices.vault.domain.conversation.flow import close_draft, keep_open, proceed, resume
from wipsie.slices.vault.domain.conversation.names import clean_line
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.conversation.turn import DAY_MS, HOUR_MS, MINUTE_MS, Turn
from wipsie.slices.vault.domain.conversation.units import in_order, is_sibling
from wipsie.slices.vault.domain.dates import Understood, read_typed_date

_NAME_CHARACTERS_MAX: Final = 120
_TOO_LARGE_EVERY_MS: Final = MINUTE_MS


def receive(turn: Turn, event: FileSent) -> None:
    """A file of the user, of any age: it is never refused for being late."""
    if event.file_id in turn.conversation.file_ids:
        return
    if not agrees(turn.conversation, turn.facts):
        _keep_unopened(turn, event)
        return
    if not _has_room(turn, event):
        return
    turn.do(Acknowledge(message_id=event.id))
    turn.do(Check(file_ids=(event.file_id,)))
    file = _held(turn, event)
    keep_open(turn)
    if turn.conversation.is_paused:
        resume(turn)
    _join_photos(turn, file)
    turn.change(files=_with(turn, file), offer=None)
    _restart_burst(turn, event)


def end_burst(turn: Turn) -> None:
    """No more files are waited for."""
    turn.change(burst=None)
    if turn.conversation.draft is None:
        proceed(turn)
    elif turn.conversation.files:
        turn.tell(counted(turn.texts.files_waiting, len(turn.conversation.files)))


def refuse_kind(turn: Turn, event: NotAccepted) -> None:
    """Something the vault does not keep: it says so now and then, not each time."""
    if event.kind == "too_large":
        if turn.hint_is_due("too_large", _TOO_LARGE_EVERY_MS):
            turn.tell(turn.texts.too_large)
    elif not agrees(turn.conversation, turn.facts):
        welcome(turn)
    elif turn.hint_is_due("not_accepted", HOUR_MS):
        turn.tell(turn.texts.not_accepted)


def _keep_unopened(turn: Turn, event: FileSent) -> None:
    conversation, policy = turn.conversation, turn.facts.policy
    is_full = len(conversation.files) >= policy.files_waiting_max
    if is_full or turn.count("files", policy.files_per_hour) != "allowed":
        _turn_away(turn, event, "limit", None)
        return
    until_ms = turn.facts.now_ms + DAY_MS if conversation.until_ms is None else conversation.until_ms
    turn.change(files=_with(turn, _held(turn, event)), until_ms=until_ms)
    welcome(turn)


def _has_room(turn: Turn, event: FileSent) -> bool:
    texts, policy = turn.texts, turn.facts.policy
    rate = turn.count("files", policy.files_per_hour)
    if rate != "allowed":
        answer = texts.files_limit.format(count=policy.files_per_hour) if rate == "first_over" else None
        _turn_away(turn, event, "limit", answer)
        return False
    if not event.quota_ok:
        _turn_away(turn, event, "quota", texts.quota_full if turn.hint_is_due("quota", HOUR_MS) else None)
        return False
    if len(turn.conversation.files) >= policy.files_waiting_max:
        answer = texts.waiting_full.format(count=policy.files_waiting_max)
        _turn_away(turn, event, "limit", answer if turn.hint_is_due("full", MINUTE_MS) else None)
        return False
    return True


def _turn_away(turn: Turn, event: FileSent, reason: DiscardReason, answer: str | None) -> None:
    turn.do(Discard(file_ids=(event.file_id,), reason=reason))
    if answer is not None:
        turn.tell(answer)


def _held(turn: Turn, event: FileSent) -> HeldFile:
    sent_at_ms = turn.facts.now_ms if turn.facts.sent_at_ms is None else turn.facts.sent_at_ms
    return HeldFile(
        id=event.file_id,
        message_id=event.id,
        kind=event.kind,
        sent_at_ms=sent_at_ms,
        name=clean_line((event.name or "")[:_NAME_CHARACTERS_MAX]) or None,
        told=_told(turn, event.caption),
    )


def _told(turn: Turn, caption: str | None) -> Details:
    # A caption is taken for what it says, or for nothing: most are greetings.
    if not caption:
        return Details()
    facts = turn.facts
    date = read_typed_date(caption, today=facts.today, born=facts.born, order=facts.date_order)
    return Details(date=date.date if isinstance(date, Understood) else None, type=type_named(caption))


def _with(turn: Turn, file: HeldFile) -> tuple[HeldFile, ...]:
    return in_order((*turn.conversation.files, file))


def _join_photos(turn: Turn, file: HeldFile) -> None:
    # Another page, while they are asked whether the photos are one report: ask again with all of them.
    draft = turn.conversation.draft
    if draft is not None and draft.stage is State.GROUPING and is_sibling(file, draft.files):
        turn.change(files=(*draft.files, *turn.conversation.files))
        close_draft(turn)


def _restart_burst(turn: Turn, event: FileSent) -> None:
    now_ms, policy, burst = turn.facts.now_ms, turn.facts.policy, turn.conversation.burst
    started_ms = now_ms if burst is None else burst.started_ms
    has_image = event.kind == "image" or (burst is not None and burst.has_image)
    quiet_s = policy.quiet_s if has_image else policy.document_quiet_s
    until_ms = min(now_ms + round(quiet_s * 1000), started_ms + round(policy.quiet_max_s * 1000))
    turn.change(burst=Burst(started_ms=started_ms, until_ms=max(until_ms, now_ms), has_image=has_image))
    if turn.conversation.draft is None:
        turn.change(is_checking=False, is_told_checking=False, until_ms=None)
