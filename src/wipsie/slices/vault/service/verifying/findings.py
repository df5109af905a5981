"""What may be wrong with a vault, in the words of a report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

Kind = Literal[
    "key_missing",
    "object_missing",
    "object_changed",
    "object_not_removed",
    "value_broken",
    "report_incomplete",
    "number_given_twice",
    "words_differ",
    "words_of_nothing",
    "audit",
    "left_over",
    "foreign",
]
KINDS: Final[dict[Kind, str]] = {
    "key_missing": "objects and values whose key-encryption key is not at hand",
    "object_missing": "objects that are gone from the store",
    "object_changed": "objects, or their keys, that were changed",
    "object_not_removed": "erased objects whose bytes are still in the store",
    "value_broken": "sealed values that do not open",
    "report_incomplete": "reports whose files are not all there",
    "number_given_twice": "owners whose next report would have a number that was given",
    "words_differ": "reports that are found by other words than theirs",
    "words_of_nothing": "words of reports that are erased, or are none",
    "audit": "events of the audit log that were changed, left out, put in or moved",
    "left_over": "bytes that no row needs, which the upkeep removes",
    "foreign": "objects in the vault's folders that are not the vault's",
}
HARMLESS: Final[frozenset[Kind]] = frozenset({"left_over", "foreign"})
"""Told, and no damage."""
FINDINGS_SHOWN_MAX: Final = 1_000


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong."""

    kind: Kind
    where: str
    """Id of an object or a report, key in the store, or table, column and row."""
    detail: str = ""


class VerifyReport(msgspec.Struct, kw_only=True):
    """What was looked at, and what was found."""

    objects: int = 0
    values: int = 0
    reports: int = 0
    keys: int = 0
    """In the store."""
    events: int = 0
    """Of the audit log."""
    bytes_read: int = 0
    found: dict[str, int] = msgspec.field(default_factory=lambda: dict[str, int].fromkeys(KINDS, 0))
    findings: list[Finding] = []
    """The first `FINDINGS_SHOWN_MAX`."""

    def note(self, kind: Kind, where: str, detail: str = "") -> None:
        """Count a finding, and keep it while there is room."""
        self.found[kind] += 1
        if len(self.findings) < FINDINGS_SHOWN_MAX:
            self.findings.append(Finding(kind=kind, where=where, detail=detail))

    @property
    def is_well(self) -> bool:
        """Nothing is damaged."""
        return not any(count for kind, count in self.found.items() if kind not in HARMLESS)


Progress = Callable[[str, int], None]
"""(what is being looked at, how many were)."""
