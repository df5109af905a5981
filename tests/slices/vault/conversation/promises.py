"""What every step of every conversation keeps to, looked at while a run goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from talk import ALL_SURE, DECODER, ENCODER, NOW_MS, choices_of

from wipsie.slices.vault.domain.conversation import (
    ChoiceTapped,
    Conversation,
    Event,
    Facts,
    FileChecked,
    FileSent,
    IdentityChanged,
    PinRight,
    Saved,
    SaveFailed,
    State,
    TextTyped,
    TimerEnded,
    prompt,
    step,
)
from wipsie.slices.vault.domain.conversation.choices import DraftChoice, read_choice
from wipsie.slices.vault.domain.conversation.effects import (
    Answer,
    Check,
    Delete,
    Discard,
    Effect,
    EraseEverything,
    GiveConsent,
    Open,
    Save,
    Say,
    Undo,
)
from wipsie.slices.vault.domain.conversation.outcomes import Ready

Act = Event | str
"""An event, or a word for one that fits what is open."""


class Checked:
    """A run: every step of it is looked at."""

    def __init__(self, conversation: Conversation, now_ms: int = NOW_MS) -> None:
        self.conversation = conversation
        self.now_ms = now_ms
        self.offered: list[str] = []
        self.effects: list[Effect] = []
        self.last: tuple[Effect, ...] = ()
        self.count = 0
        self.states = {conversation.state}

    def act(self, act: Act, facts: dict[str, Any], pass_ms: int, tag: str) -> None:
        self.now_ms += pass_ms
        if act == "timer" and self.conversation.deadline_ms is not None:
            self.now_ms = max(self.now_ms, self.conversation.deadline_ms)
        event = self._event(act, tag)
        given = dict(facts)
        age_ms = given.pop("age_ms")
        is_of_user = isinstance(event, TextTyped | ChoiceTapped | FileSent)
        self.count += 1
        moment = Facts(
            now_ms=self.now_ms,
            new_id=f"id{self.count:04}",
            sent_at_ms=self.now_ms - age_ms if is_of_user else None,
            **given,
        )
        before = self.conversation
        taken = step(before, event, moment)
        self._look(before, event, moment, taken.conversation, taken.effects)
        self.conversation = taken.conversation
        self.states.add(taken.conversation.state)
        self.last = taken.effects
        self.effects += taken.effects
        for effect in taken.effects:
            if isinstance(effect, Say):
                self.offered += [choice for choice, _ in choices_of(effect.message)]

    def _event(self, act: Act, tag: str) -> Event:
        draft = self.conversation.draft
        match act:
            case "timer":
                return TimerEnded(id=tag, deadline_ms=self.conversation.deadline_ms or 1)
            case "tap":
                return ChoiceTapped(id=tag, choice=self.offered[-1] if self.offered else "none")
            case "tap last":
                return ChoiceTapped(id=tag, choice=self.offered[-3] if len(self.offered) > 2 else "none")
            case "save":
                saves = [one for one in self.offered if one.endswith(":save")]
                return ChoiceTapped(id=tag, choice=saves[-1] if saves else "none")
            case "saved":
                return Saved(id=tag, draft_id="none" if draft is None else draft.id, number=7)
            case "failed":
                return SaveFailed(id=tag, draft_id="none" if draft is None else draft.id)
            case "checked":
                pending = [file.id for file in self.conversation.files if file.is_pending]
                return FileChecked(
                    id=tag, file_id=pending[0] if pending else "none", outcome=Ready(suggestions=ALL_SURE)
                )
            case "agree":
                return ChoiceTapped(id=tag, choice="a:agree:1")
            case str():
                raise AssertionError(act)
            case _:
                return act

    def _look(
        self, before: Conversation, event: Event, facts: Facts, after: Conversation, effects: tuple[Effect, ...]
    ) -> None:
        # It comes back from JSON as it went, at each step.
        assert DECODER.decode(ENCODER.encode(after)) == after
        # Every open state ends by itself, and nothing that begins is over already.
        assert after.state is State.NEW or after.state is State.IDLE or after.deadline_ms is not None
        if after.files:
            assert after.deadline_ms is not None
        if after.deadline_ms is not None and after.deadline_ms not in _ends(before):
            assert after.deadline_ms >= facts.now_ms
        # Seen twice is seen once.
        again = step(after, event, facts)
        assert again.conversation == after
        assert again.effects == ()
        # Nobody is told anything once their day is over.
        assert facts.window_open or not any(isinstance(effect, Say) for effect in effects)
        # A few messages at most.
        assert sum(isinstance(effect, Say) for effect in effects) <= 3
        # Nothing is fetched or kept before they agree.
        if before.consent_version is None and not any(isinstance(effect, GiveConsent) for effect in effects):
            assert not [effect for effect in effects if isinstance(effect, Check | Save | Open | Delete)]
        # Another telephone, and what was not saved is gone, but for what they said Save to.
        if isinstance(event, IdentityChanged) and effects and facts.needs_step_up and not event.is_same_account:
            assert not after.files
            assert after.draft is None or after.draft.is_save_wanted
        # Nothing is shown before the PIN.
        if facts.needs_step_up and not isinstance(event, PinRight):
            assert not [effect for effect in effects if isinstance(effect, Answer | Open | Undo)]
            known_before = before.draft is not None and before.draft.stage is State.DUPLICATE
            assert known_before or after.state is not State.DUPLICATE
        # What is saved was shown, and its owner said Save just now, or before and it failed.
        for effect in effects:
            if isinstance(effect, Save):
                assert before.draft is not None
                assert before.draft.id == effect.draft_id
                assert effect.details == before.draft.details
                assert before.draft.is_save_wanted or _says_save(event, before)
            if isinstance(effect, Delete):
                assert before.state is State.DELETE_CONFIRM
            if isinstance(effect, EraseEverything):
                assert before.state is State.DELETE_CONFIRM
        # No file is in two places, none is lost without a word.
        ids = after.file_ids
        assert len(set(ids)) == len(ids)
        dropped = {one for effect in effects if isinstance(effect, Discard) for one in effect.file_ids}
        gone = set(before.file_ids) - set(ids) - dropped
        is_saved = isinstance(event, Saved)
        assert not gone or (is_saved and before.draft is not None and gone == {file.id for file in before.draft.files})
        # There is always something to ask, or nothing.
        for detail in ("full", "minimal"):
            prompt(after, detail)


def _ends(conversation: Conversation) -> tuple[int | None, ...]:
    burst, pending = conversation.burst, conversation.pending
    return conversation.until_ms, burst and burst.until_ms, pending and pending.until_ms


def _says_save(event: Event, before: Conversation) -> bool:
    if isinstance(event, TextTyped):
        return True
    choice = read_choice(event.choice) if isinstance(event, ChoiceTapped) else None
    draft = before.draft
    return (
        isinstance(choice, DraftChoice)
        and choice.action == "save"
        and draft is not None
        and (choice.id, choice.version) == (draft.id, draft.version)
    )


def run(start: Conversation, acts: Iterable[tuple[Act, dict[str, Any], int]], now_ms: int = NOW_MS) -> Checked:
    checked = Checked(start, now_ms)
    for position, (act, facts, pass_ms) in enumerate(acts):
        checked.act(act, facts, pass_ms, f"act-{position}")
    return checked
