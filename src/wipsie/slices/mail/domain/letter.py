"""A letter: the four fields of ``POST /api/email`` and of foreign queue messages, checked field by field.

Source of the names: the widely used exam contract this intake serves. It spells the timestamp ``email_timestream``;
``email_timestamp`` is taken as well and is what is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

SUBJECT, SENDER, TIMESTAMP, CONTENT = "email_subject", "email_sender", "email_timestamp", "email_content"
OTHER_TIMESTAMP = "email_timestream"
MIME = "email_mime"
"""Where the document of a mail that came as MIME keeps everything else."""
RAW, BUCKET_OBJECT, ENVELOPE, AGAIN = "email_raw", "email_object", "email_envelope", "email_again"
"""Where the message of such a mail says where it lies, how it came, and whether it is to be read anew."""
RESERVED = (MIME, RAW, BUCKET_OBJECT, ENVELOPE, AGAIN)
"""No letter has members of these names, or its sender could point at what others keep here."""
_DIGITS = re.compile(r"[0-9]{1,12}")
_LINE_BREAKS = re.compile("[\r\n\0]")


DEPTH_MAX = 32
"""Levels of objects and lists within a letter: whatever reads the archive later must be able to follow."""


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with one member."""

    field: str
    problem: str


class LetterRefused(Exception):
    """The e-mail lacks something, or has something wrong; every offending member is named."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{one.field} {one.problem}" for one in problems))
        self.problems = problems


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """An e-mail in four fields, and whatever else its sender put beside them."""

    subject: str
    sender: str
    """Need not be an address."""
    timestamp_s: int
    """Unix seconds, of the e-mail itself."""
    content: str
    extra: dict[str, Any] = {}

    def document(self) -> dict[str, Any]:
        """What is archived: the four members in this order, then the others as they came."""
        return {
            SUBJECT: self.subject,
            SENDER: self.sender,
            TIMESTAMP: str(self.timestamp_s),
            CONTENT: self.content,
            **self.extra,
        }


def check_letter(data: object, *, oldest_s: int, newest_s: int, keep_unknown: bool, where: str = "data") -> Letter:
    """The letter in a JSON object. LetterRefused names every member that is missing, blank, of a wrong type or out of range.

    `oldest_s` and `newest_s` bound the timestamp. `where` is written before the names of members.
    """
    if not isinstance(data, dict):
        problem = "is required" if data is None else "must be an object with the four fields of an e-mail"
        raise LetterRefused([Problem(where, problem)])
    members = cast("dict[str, Any]", data)
    problems: list[Problem] = []

    def refuse(field: str, problem: str) -> None:
        problems.append(Problem(f"{where}.{field}", problem))

    for field in (SUBJECT, SENDER, CONTENT):
        value = members.get(field)
        if field not in members:
            refuse(field, "is required")
        elif not isinstance(value, str):
            refuse(field, "must be a text")
        elif not value.strip():
            refuse(field, "must not be blank")
        elif field != CONTENT and _LINE_BREAKS.search(value):
            refuse(field, "must be one line")
    timestamp_s = _timestamp(members, refuse)
    if timestamp_s is not None and not oldest_s <= timestamp_s <= newest_s:
        refuse(_timestamp_name(members), f"must be Unix seconds from {oldest_s} to {newest_s}")
    known = (SUBJECT, SENDER, TIMESTAMP, OTHER_TIMESTAMP, CONTENT)
    extra = {name: value for name, value in members.items() if name not in known}
    if _deeper_than(extra, DEPTH_MAX):
        refuse("*", f"is nested more than {DEPTH_MAX} levels deep")
    for name in extra:
        if name in RESERVED:
            refuse(name, "is a name this archive uses itself")
        elif not keep_unknown:
            refuse(name[:100], "is unknown")
    if problems or timestamp_s is None:
        raise LetterRefused(problems)
    return Letter(
        subject=members[SUBJECT],
        sender=members[SENDER],
        timestamp_s=timestamp_s,
        content=members[CONTENT],
        extra=extra,
    )


def _timestamp_name(members: Mapping[str, Any]) -> str:
    return OTHER_TIMESTAMP if TIMESTAMP not in members and OTHER_TIMESTAMP in members else TIMESTAMP


def _timestamp(members: Mapping[str, Any], refuse: Any) -> int | None:
    given = {name: members[name] for name in (TIMESTAMP, OTHER_TIMESTAMP) if name in members}
    if not given:
        refuse(TIMESTAMP, "is required")
        return None
    found = {name: read_timestamp(value) for name, value in given.items()}
    for name, seconds in found.items():
        if seconds is None:
            refuse(name, "must be Unix seconds in up to 12 digits, for example 1693561101 (not milliseconds)")
    if None in found.values():
        return None
    if len(set(found.values())) > 1:
        refuse(TIMESTAMP, f"differs from {OTHER_TIMESTAMP}")
        return None
    return next(iter(found.values()))


def read_timestamp(value: object) -> int | None:
    """Unix seconds of a JSON text or integer: digits alone, spaces around them aside. None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < 10**12 else None
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    return None


def _deeper_than(value: Any, levels: int) -> bool:
    """Whether objects and lists lie deeper within each other; looks no deeper than that itself."""
    layer = [value]
    for _ in range(levels + 1):
        layer = [
            inner
            for one in layer
            if isinstance(one, (dict, list))
            for inner in (cast("dict[str, Any]", one).values() if isinstance(one, dict) else cast("list[Any]", one))
        ]
        if not layer:
            return False
    return True
