"""What may be wrong with an archive, in the words of a report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

Kind = Literal[
    "not_indexed",
    "object_missing",
    "document_changed",
    "original_missing",
    "original_changed",
    "attachment_missing",
    "attachment_changed",
    "not_a_mail",
    "unreferenced",
]
KINDS: dict[Kind, str] = {
    "not_indexed": "documents the index does not have",
    "object_missing": "mails of the index without their document",
    "document_changed": "documents with another checksum or size",
    "original_missing": "originals that are gone",
    "original_changed": "originals with another checksum or size",
    "attachment_missing": "attachments that are gone",
    "attachment_changed": "attachments with another checksum or size",
    "not_a_mail": "objects that are not what their key says",
    "unreferenced": "originals and attachments no mail refers to",
}
FINDINGS_SHOWN_MAX = 1_000


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong."""

    kind: Kind
    key: str
    """Of the object."""
    detail: str = ""
    mended: bool = False


class VerifyReport(msgspec.Struct, kw_only=True):
    """What was looked at, and what was found."""

    documents: int = 0
    originals: int = 0
    attachments: int = 0
    bytes_read: int = 0
    found: dict[str, int] = msgspec.field(default_factory=lambda: dict[str, int].fromkeys(KINDS, 0))
    mended: dict[str, int] = msgspec.field(default_factory=lambda: dict[str, int].fromkeys(KINDS, 0))
    findings: list[Finding] = []
    """The first `FINDINGS_SHOWN_MAX`."""

    def note(self, finding: Finding) -> None:
        """Count a finding, and keep it while there is room."""
        self.found[finding.kind] += 1
        self.mended[finding.kind] += finding.mended
        if len(self.findings) < FINDINGS_SHOWN_MAX:
            self.findings.append(finding)

    @property
    def is_well(self) -> bool:
        """Nothing is wrong, or nothing any more. What no mail refers to is no damage: the mail it belongs to may still wait in
        the queue."""
        return all(self.found[kind] == self.mended[kind] for kind in KINDS if kind != "unreferenced")


Progress = Callable[[str, int, int | None], None]
"""(what is being looked at, how many were, of about how many; None while nobody knows)."""
