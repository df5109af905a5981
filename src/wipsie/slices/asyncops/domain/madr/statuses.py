"""The words records say their status with."""

from __future__ import annotations

import re
from datetime import date

_WORDS = {
    "draft": "draft",
    "wip": "draft",
    "proposed": "proposed",
    "proposal": "proposed",
    "pending": "proposed",
    "open": "proposed",
    "accepted": "accepted",
    "approved": "accepted",
    "adopted": "accepted",
    "decided": "accepted",
    "implemented": "accepted",
    "done": "accepted",
    "active": "accepted",
    "rejected": "rejected",
    "declined": "rejected",
    "deprecated": "deprecated",
    "obsolete": "deprecated",
    "retired": "deprecated",
    "superseded": "superseded",
    "superceded": "superseded",
    "replaced": "superseded",
}
_BY = re.compile(r"\b(?:superseded|superceded|replaced)(?:\s+by)?[:\s]+(?P<target>\S.*)", re.IGNORECASE)
_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
TARGET_CHARACTERS_MAX = 200
_CHARACTERS_MAX = 2_000


def read_status(text: str) -> tuple[str, str]:
    """The status that a text says, and what supersedes the record if it says so. A template's list of choices, and words
    nobody knows, are a draft. Of several lines (adr-tools adds one for each change) the last status counts."""
    target = ""
    status = "draft"
    if "{" in text or text.count("|") > 1:
        return status, target
    for line in text[:_CHARACTERS_MAX].split("\n"):
        by = _BY.search(line)
        words = re.findall(r"[a-z]+", line[: None if by is None else by.start()].lower())
        known = next((_WORDS[word] for word in words if word in _WORDS), None)
        if by is not None and known is None:
            return "superseded", " ".join(by["target"].split())[:TARGET_CHARACTERS_MAX].strip(" .*_")
        status = known or status
    return status, target


def read_day(text: str) -> str | None:
    """The first day in a text, in ISO form, if the calendar has it."""
    match = _DAY.search(text[:_CHARACTERS_MAX])
    if match is None:
        return None
    try:
        return date(*(int(part) for part in match.groups())).isoformat()
    except ValueError:
        return None
