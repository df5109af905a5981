"""What the fields of an account may hold. Names are shown to colleagues and in mail; addresses are written to."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from wipsie.auth.rights import ROLES
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.mail_address import parse_address

NAME_CHARACTERS_MAX = 100
TIMEZONE_CHARACTERS_MAX = 64
WORK_DAYS_MAX = 7
_JOINERS = frozenset("\u200c\u200d")
"""Scripts of India and Persia spell names with them."""
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories of characters that show nothing, or show others in another order than they have."""


def clean_email(text: str, field: str = "email") -> str:
    """One bare address. InvalidInput when it is none, or holds characters nobody sees."""
    address = parse_address(text.strip(), field)
    found = address.addr_spec
    if address.display_name or any(_is_unseen(character) or character.isspace() for character in found):
        raise refused(field, "must be one e-mail address alone, such as ann@example.org")
    return found


def clean_name(text: str, field: str = "name") -> str:
    """A name in one line. InvalidInput when nothing is left of it, it is too long, or it holds characters nobody sees."""
    name = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX:
        raise refused(field, f"must have 1 to {NAME_CHARACTERS_MAX} characters")
    if any(_is_unseen(character) for character in name if character not in _JOINERS):
        raise refused(field, "holds a line break or a character nobody sees")
    if not any(character.isalnum() for character in name):
        raise refused(field, "needs a letter")
    return name


def clean_timezone(text: str, field: str = "timezone") -> str:
    """The name of a time zone. InvalidInput when the zone files know none of this name."""
    if len(text) > TIMEZONE_CHARACTERS_MAX or text not in _zones():
        raise refused(field, "must be the name of a time zone such as UTC or Europe/Vienna")
    return text


def clean_work_days(days: Sequence[int], field: str = "work_days") -> list[int]:
    """Days of the week in their order, each once; 0 is Monday. InvalidInput for others."""
    if not set(days) <= set(range(WORK_DAYS_MAX)):
        raise refused(field, "takes days from 0 (Monday) to 6 (Sunday)")
    return sorted(set(days))


def clean_role(role: str, field: str = "role") -> str:
    """A role there is. InvalidInput."""
    if role not in ROLES:
        raise refused(field, f"must be one of {', '.join(ROLES)}")
    return role


def refused(field: str, problem: str) -> InvalidInput:
    """What is said of a field that cannot be taken."""
    return InvalidInput(
        f"Field '{field}' {problem}.",
        details={"field": field, "problem": problem, "errors": [{"location": f"body.{field}", "message": problem}]},
    )


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    # Looks through the zone files: not at import.
    from zoneinfo import available_timezones

    return frozenset(available_timezones())
