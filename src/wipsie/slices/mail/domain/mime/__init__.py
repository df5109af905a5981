"""Mails as MIME: what is in them, whether two are one and the same, and what is known of where they come from."""

from __future__ import annotations

from wipsie.slices.mail.domain.mime.identity import mail_identity
from wipsie.slices.mail.domain.mime.parse import parse_mail
from wipsie.slices.mail.domain.mime.parsed import Attachment, MailAddress, ParsedMail
from wipsie.slices.mail.domain.mime.verdicts import verdicts_of

__all__ = ["Attachment", "MailAddress", "ParsedMail", "mail_identity", "parse_mail", "verdicts_of"]
