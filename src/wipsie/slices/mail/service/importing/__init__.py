"""Takes whole mailboxes in: mbox files, Maildir folders, single messages."""

from wipsie.slices.mail.service.importing.candidates import MAIL_BYTES_MAX, Skipped
from wipsie.slices.mail.service.importing.run import ImportReport, MailImport
from wipsie.slices.mail.service.importing.takers import IntoArchive, IntoQueue, Take

__all__ = ["MAIL_BYTES_MAX", "ImportReport", "IntoArchive", "IntoQueue", "MailImport", "Skipped", "Take"]
