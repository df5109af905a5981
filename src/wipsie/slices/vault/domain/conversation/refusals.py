"""Why a file was not kept, in words that say what to do."""

from __future__ import annotations

from wipsie.kernel.limits import MIB
from wipsie.slices.vault.domain.catalogue import Texts
from wipsie.slices.vault.domain.conversation.conversation import HeldFile
from wipsie.slices.vault.domain.conversation.outcomes import Refused

_TEXT_OF: dict[str, str] = {
    "empty": "incomplete",
    "truncated": "incomplete",
    "damaged": "incomplete",
    "no_pages": "incomplete",
    "wrong_checksum": "incomplete",
    "not_accepted": "kind",
    "switched_off": "kind",
    "animated": "kind",
    "no_decoder": "kind",
    "too_large": "large",
    "mismatch": "mismatch",
    "polyglot": "mismatch",
    "too_many_pixels": "long",
    "too_many_pages": "long",
    "too_heavy": "long",
    "infected": "virus",
    "unknown_encryption": "locked",
    "gone": "gone",
    "quota": "quota",
}
"""By reason of the refusal."""


def refusal_text(file: HeldFile, texts: Texts, bytes_max: int) -> str:
    """For the one who sent it."""
    reason = file.outcome.reason if isinstance(file.outcome, Refused) else ""
    words = texts.refusals[_TEXT_OF.get(reason, "other")].format(mb=bytes_max // MIB)
    return texts.not_kept.format(file=name_of(file, texts), reason=words)


def name_of(file: HeldFile, texts: Texts) -> str:
    """What the file is called when people are told of it."""
    return file.name or (texts.a_photo if file.kind == "image" else texts.a_file)
