"""Before anything is opened: what is kept, where, how it is erased, and whether they want that. And the way back, STOP."""

from __future__ import annotations

from typing import Final

from wipsie.slices.vault.domain.catalogue import Texts, date_text
from wipsie.slices.vault.domain.commands.command import EraseCommand, ExportCommand
from wipsie.slices.vault.domain.conversation.choices import ConsentChoice, command_choice, consent_choice
from wipsie.slices.vault.domain.conversation.conversation import Conversation
from wipsie.slices.vault.domain.conversation.effects import Check, GiveConsent, WithdrawConsent
from wipsie.slices.vault.domain.conversation.facts import Facts, Policy
from wipsie.slices.vault.domain.conversation.flow import proceed
from wipsie.slices.vault.domain.conversation.turn import DAY_MS, SECOND_MS, Turn
from wipsie.slices.vault.domain.conversation.typed_answers import is_one_of
from wipsie.slices.vault.domain.dates import PartialDate
from wipsie.slices.vault.domain.languages import NAMES
from wipsie.slices.vault.domain.whatsapp.outgoing import Button, ButtonsMessage, TextMessage

WELCOMES_PER_HOUR: Final = 6
_ONCE_WITHIN_MS: Final = 30 * SECOND_MS
"""Five photos and a greeting are welcomed once."""
_LANGUAGES: Final = "LANG: " + " · ".join(NAMES.values())


def agrees(conversation: Conversation, facts: Facts) -> bool:
    """Whether they agreed to the text of today. Who is in the middle of a report ends it first."""
    version = conversation.consent_version
    return version is not None and (version == facts.consent_version or conversation.draft is not None)


def has_vault(conversation: Conversation) -> bool:
    """Whether something of theirs may be kept: they agreed once, and what followed from that is not erased."""
    return conversation.consent_version is not None or conversation.stopped_at_ms is not None


def welcome(turn: Turn, *, is_asked: bool = False) -> None:
    """Say what is kept and ask. `is_asked`: they did something that wants an answer, even if they were welcomed a moment ago."""
    if not turn.hint_is_due("welcome", 0 if is_asked else _ONCE_WITHIN_MS):
        return
    if turn.count("welcomes", WELCOMES_PER_HOUR) != "allowed":
        return
    texts, version = turn.texts, turn.facts.consent_version
    body = texts.welcome.format(keeper=keeper_of(turn.facts.policy, texts))
    before = turn.conversation.consent_version
    if before is not None and before != version:
        body = f"{texts.welcome_outdated}\n\n{body}"
    elif turn.conversation.files:
        body = f"{texts.welcome_files}\n\n{body}"
    buttons = (
        Button(consent_choice("agree", version), texts.agree),
        Button(consent_choice("not_now", version), texts.not_now),
        Button(consent_choice("privacy", version), texts.privacy_button),
    )
    turn.send(ButtonsMessage(body=body, buttons=buttons, footer=_LANGUAGES))
    turn.change(shown_version=version)


def tapped(turn: Turn, choice: ConsentChoice) -> None:
    """A button below the welcome, perhaps below one of last year."""
    if choice.answer == "privacy":
        privacy(turn)
    elif agrees(turn.conversation, turn.facts):
        turn.tell(turn.texts.agreed)
        turn.ask_if_open()
    elif choice.answer == "not_now":
        turn.tell(turn.texts.declined)
    elif choice.version == turn.facts.consent_version:
        agree(turn)
    else:
        welcome(turn, is_asked=True)


def typed(turn: Turn, text: str) -> None:
    """Words of somebody who has not agreed: yes or no to the text they were shown, or anything else."""
    was_shown = turn.conversation.shown_version == turn.facts.consent_version
    if was_shown and is_one_of(text, turn.texts.agree_words):
        agree(turn)
    elif was_shown and is_one_of(text, (*turn.texts.no_words, turn.texts.not_now)):
        turn.tell(turn.texts.declined)
    else:
        welcome(turn, is_asked=True)


def agree(turn: Turn) -> None:
    """They want it: what waited goes on."""
    version = turn.facts.consent_version
    turn.do(GiveConsent(version=version, language=turn.conversation.language, message_id=turn.event.id))
    turn.change(consent_version=version, stopped_at_ms=None, until_ms=None)
    files = turn.conversation.files
    if not files:
        turn.tell(turn.texts.agreed)
        return
    turn.tell(turn.texts.agreed_files)
    turn.do(Check(file_ids=tuple(file.id for file in files)))
    proceed(turn)


def privacy(turn: Turn) -> None:
    """The whole text."""
    texts, policy = turn.texts, turn.facts.policy
    turn.tell(
        texts.privacy.format(
            version=turn.facts.consent_version,
            keeper=keeper_of(policy, texts),
            erase_days=policy.erase_after_days,
            deleted_days=policy.deleted_days,
        )
    )


def stop(turn: Turn) -> None:
    """They do not want it any more: at once, whatever is open."""
    before, texts, now_ms = turn.conversation, turn.texts, turn.facts.now_ms
    drafted = () if before.draft is None else before.draft.files
    turn.discard((*drafted, *before.files), "stopped")
    if before.consent_version is not None:
        turn.do(WithdrawConsent())
    stopped_at_ms = before.stopped_at_ms if before.consent_version is None else now_ms
    turn.conversation = emptied(before, stopped_at_ms=stopped_at_ms)
    if stopped_at_ms is None:
        turn.tell(texts.stopped_empty)
        return
    day = turn.facts.day_of(stopped_at_ms + turn.facts.policy.erase_after_days * DAY_MS)
    body = texts.stopped.format(day=date_text(PartialDate.of(day), before.language))
    buttons = (
        Button(command_choice(ExportCommand()), texts.export_button),
        Button(command_choice(EraseCommand()), texts.erase_button),
    )
    turn.send(ButtonsMessage(body=body, buttons=buttons))


def emptied(before: Conversation, *, stopped_at_ms: int | None) -> Conversation:
    """Nothing open, nothing agreed; the language stays, and how much they wrote within the hour."""
    return Conversation(
        language=before.language,
        stopped_at_ms=stopped_at_ms,
        counters=before.counters,
        hints=before.hints,
        seen=before.seen,
    )


def keeper_of(policy: Policy, texts: Texts) -> str:
    """Who keeps the reports, as people are told."""
    return policy.keeper or texts.keeper


def say_erased(turn: Turn) -> None:
    """Nothing of theirs is left, nor of what was open meanwhile."""
    drafted = () if turn.conversation.draft is None else turn.conversation.draft.files
    turn.discard((*drafted, *turn.conversation.files), "stopped")
    turn.conversation = emptied(turn.conversation, stopped_at_ms=None)
    turn.send(TextMessage(body=turn.texts.erased))
