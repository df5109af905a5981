"""Is everything there that should be, and does it say what it was told? Rows, keys, objects, words, the store and the audit log, compared."""

from wipsie.slices.vault.service.verifying.findings import KINDS, Finding, Kind, Progress, VerifyReport
from wipsie.slices.vault.service.verifying.run import VaultVerify

__all__ = ["KINDS", "Finding", "Kind", "Progress", "VaultVerify", "VerifyReport"]
