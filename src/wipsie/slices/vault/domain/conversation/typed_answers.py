"""What a typed text means where a question is open: one of its choices, by number or words, or a slot that is named."""

from __future__ import annotations

from wipsie.slices.vault.domain.catalogue import Texts
from wipsie.slices.vault.domain.catalogue.languages import TEXTS
from wipsie.slices.vault.domain.conversation.details import SlotName
from wipsie.slices.vault.domain.conversation.prompts import SLOTS, Option
from wipsie.slices.vault.domain.words import folded

_YES_OR_NO: dict[tuple[str, ...], tuple[str, str]] = {
    ("delete", "keep"): ("delete", "keep"),
    ("erase", "keep"): ("erase", "keep"),
    ("resume", "discard"): ("resume", "discard"),
    ("one", "separate"): ("one", "separate"),
    ("meant", "as_typed"): ("meant", "as_typed"),
    ("next", "discard_all"): ("next", "discard_all"),
    ("save", "change", "cancel"): ("save", "change"),
}
"""What yes and no mean, by the choices that are there."""


def typed_choice(text: str, options: tuple[Option, ...], texts: Texts) -> str | None:
    """The action of the choice that was typed; None when it is none of them."""
    plain = folded(text).strip(" .,!?)")
    if not plain:
        return None
    for position, option in enumerate(options, start=1):
        if plain in (str(position), folded(option.title)):
            return option.action
    actions = tuple(option.action for option in options)
    if "save" in actions and plain in _folded(texts.save_words):
        return "save"
    yes_or_no = _YES_OR_NO.get(actions)
    if yes_or_no is None:
        return None
    if plain in _folded(texts.yes_words):
        return yes_or_no[0]
    return yes_or_no[1] if plain in _folded(texts.no_words) else None


def is_one_of(text: str, words: tuple[str, ...]) -> bool:
    """Whether the text is one of these words, and nothing else."""
    return folded(text).strip(" .,!?") in _folded(words)


def named_slot(text: str, texts: Texts) -> tuple[SlotName, str] | None:
    """``hospital Apollo``: which slot, and what it is to be; an empty text where only the slot was named. People who chat in Hindi
    type the English word as often."""
    written = text.split()
    plain = [folded(word).strip(":=-") for word in written]
    best: tuple[SlotName, int] | None = None
    for slot in SLOTS:
        for phrase in (*texts.slot_words[slot], *TEXTS["en"].slot_words[slot]):
            words = folded(phrase).split()
            if plain[: len(words)] == words and (best is None or len(words) > best[1]):
                best = slot, len(words)
    if best is None:
        return None
    return best[0], " ".join(written[best[1] :]).lstrip(":=- ")


def _folded(words: tuple[str, ...]) -> set[str]:
    return {folded(word) for word in words}
