"""Names and notes as people, phones and scanners write them, made into one line that can be shown anywhere."""

from __future__ import annotations

import unicodedata

from wipsie.slices.vault.domain.conversation.details import HOSPITAL_CHARACTERS_MAX, HOSPITAL_CHARACTERS_MIN
from wipsie.slices.vault.domain.whatsapp.outgoing import length_of

# Letters of Indian languages are joined, and kept apart, by them.
_JOINERS = "\u200c\u200d"


def clean_line(text: str) -> str:
    """One line of what they typed, without what nobody sees."""
    visible = (" " if sign.isspace() else sign for sign in text)
    kept = (
        sign for sign in visible if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn") or sign in _JOINERS
    )
    return " ".join("".join(kept).split())


def has_letter(text: str) -> bool:
    """Whether there is one letter in it."""
    return any(sign.isalpha() for sign in text)


def is_hospital(name: str) -> bool:
    """Whether a line can be a name of one."""
    return HOSPITAL_CHARACTERS_MIN <= length_of(name) <= HOSPITAL_CHARACTERS_MAX and has_letter(name)
