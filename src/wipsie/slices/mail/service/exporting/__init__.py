"""Hands mails out again: as an mbox file of the untouched originals, or as a table of what they say."""

from wipsie.slices.mail.service.exporting.exported import Exported, Unreadable
from wipsie.slices.mail.service.exporting.mbox import export_mbox, mbox_chunks
from wipsie.slices.mail.service.exporting.parquet import export_parquet

__all__ = ["Exported", "Unreadable", "export_mbox", "export_parquet", "mbox_chunks"]
