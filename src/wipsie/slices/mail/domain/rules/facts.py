"""What conditions look at: the parts of a mail that the index keeps. Folded when they are first asked for, and once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec

from wipsie.slices.mail.domain.rules.folding import domain_of, fold
from wipsie.slices.mail.domain.rules.rule import Field


class SeenMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as the index has it. Of long texts the index keeps the beginning alone, and rules see no more of them."""

    sender: str
    sender_address: str | None
    recipients: Sequence[tuple[str, str]]
    """(name, address) of To and Cc, and the addresses only the mail server knew."""
    subject: str
    text: str
    attachments: Sequence[tuple[str, str]]
    """(name, media type)."""
    list_id: str | None
    size: int
    """In bytes: of the original, or of the document of a letter."""
    verdicts: Mapping[str, str]


class MailFacts:
    """A mail, ready to be compared."""

    def __init__(self, mail: SeenMail) -> None:
        self.size = mail.size
        self.has_attachment = bool(mail.attachments)
        self._mail = mail
        self._folded: dict[Field, tuple[str, ...]] = {}

    def texts(self, field: Field) -> tuple[str, ...]:
        """The texts of a field, folded; none when the mail has no such thing."""
        found = self._folded.get(field)
        if found is None:
            found = self._folded[field] = tuple(dict.fromkeys(fold(text) for text in self._texts(field)))
        return found

    def domains(self, field: Field) -> frozenset[str]:
        """The domains of the recipients, or of the sender for any other field; folded."""
        return self._domains_of_recipients if field == "recipient" else self._domains_of_sender

    def verdict(self, method: str) -> str | None:
        """What somebody trusted said, in small letters."""
        result = self._mail.verdicts.get(method)
        return None if result is None else result.lower()

    @cached_property
    def _domains_of_sender(self) -> frozenset[str]:
        address = self._mail.sender_address
        return _domains([address] if address else [])

    @cached_property
    def _domains_of_recipients(self) -> frozenset[str]:
        return _domains([address for _, address in self._mail.recipients])

    def _texts(self, field: Field) -> list[str]:
        mail = self._mail
        if field == "sender":
            return [mail.sender, *([mail.sender_address] if mail.sender_address else [])]
        if field == "recipient":
            return [text for pair in mail.recipients for text in pair if text]
        if field == "subject":
            return [mail.subject]
        if field == "text":
            return [mail.text]
        if field == "attachment_name":
            return [name for name, _ in mail.attachments]
        if field == "attachment_type":
            return [media_type for _, media_type in mail.attachments]
        return [mail.list_id] if mail.list_id else []


def _domains(addresses: Sequence[str]) -> frozenset[str]:
    return frozenset(domain for address in addresses if (domain := domain_of(address)) is not None)
