"""Which files the vault takes, and what they are. Bytes come in, a verdict comes out; nothing is trusted on the way.

bytes, declared type, name ──► claims ──► two files in one? ──► complete decode ──► FileAccepted | FileLocked | FileRefused
                              (cheap)          (cheap)        (in a process with limits)
"""

from __future__ import annotations

from wipsie.slices.vault.domain.files.claims import check_claims
from wipsie.slices.vault.domain.files.examine import examine_file, examine_file_within_limits
from wipsie.slices.vault.domain.files.kinds import FileKind, kind_of_bytes
from wipsie.slices.vault.domain.files.names import NAME_CHARACTERS_MAX, clean_file_name
from wipsie.slices.vault.domain.files.verdict import (
    FileAccepted,
    FileFlag,
    FileLimits,
    FileLocked,
    FileRefused,
    RefusalReason,
    Verdict,
)

__all__ = [
    "NAME_CHARACTERS_MAX",
    "FileAccepted",
    "FileFlag",
    "FileKind",
    "FileLimits",
    "FileLocked",
    "FileRefused",
    "RefusalReason",
    "Verdict",
    "check_claims",
    "clean_file_name",
    "examine_file",
    "examine_file_within_limits",
    "kind_of_bytes",
]
