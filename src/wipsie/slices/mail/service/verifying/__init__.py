"""Compares the archive with its index and with its own checksums, and mends what can be mended."""

from wipsie.slices.mail.service.verifying.findings import KINDS, Finding, VerifyReport
from wipsie.slices.mail.service.verifying.run import MailVerify

__all__ = ["KINDS", "Finding", "MailVerify", "VerifyReport"]
