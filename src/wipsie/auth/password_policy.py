"""What a password must be: long enough, of letters and digits, and not one that is guessed at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from wipsie.kernel.errors import InvalidInput

CHARACTERS_MIN = 8
CHARACTERS_MAX = 256
GUESSES_LOG10_MIN = 6.5
"""Three million guesses: what a throttled login lets nobody do, and a list of common passwords begins with."""
_LOOKED_AT_CHARACTERS = 72
_HINTS_MAX = 20
_WORD = re.compile(r"[^\W_]+")


def check_password(password: str, hints: Sequence[str], *, field: str = "password") -> None:
    """InvalidInput, with what to do about it. `hints`: words an attacker would try first, such as the person's name. Takes
    some milliseconds of thinking: call it in a thread."""
    if not CHARACTERS_MIN <= len(password) <= CHARACTERS_MAX:
        raise _refused(field, f"has {CHARACTERS_MIN} to {CHARACTERS_MAX} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in password):
        raise _refused(field, "holds no control characters")
    if not any(character.isalpha() for character in password) or not any(character.isdigit() for character in password):
        raise _refused(field, "has letters and digits")
    # A tenth of a second of dictionaries that only this needs.
    from zxcvbn import zxcvbn

    words = [word for hint in hints for word in (hint, *_WORD.findall(hint))][:_HINTS_MAX]
    found = zxcvbn(password[:_LOOKED_AT_CHARACTERS], user_inputs=["wipsie", *words])
    if float(found["guesses_log10"]) < GUESSES_LOG10_MIN:
        raise _refused(
            field, "is not guessed so easily: take a longer one, or several words that have nothing in common"
        )


def _refused(field: str, rule: str) -> InvalidInput:
    return InvalidInput(
        f"A good password {rule}.",
        details={"field": field, "problem": rule, "errors": [{"location": f"body.{field}", "message": rule}]},
    )
