"""A mail as rules see it: made of what is about to be written to the index, or of what stands there. Both are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wipsie.kernel import json
from wipsie.slices.mail.domain.rules.facts import MailFacts, SeenMail
from wipsie.slices.mail.store.entries import Entry


def facts_of_entry(entry: Entry) -> MailFacts:
    """Of a mail that is being archived."""
    return facts_of_rows(entry.mail, entry.recipients, entry.attachments, entry.words["text"])


def facts_of_rows(
    mail: Mapping[Any, Any],
    recipients: Sequence[Mapping[Any, Any]],
    attachments: Sequence[Mapping[Any, Any]],
    text: str,
) -> MailFacts:
    """Of the rows of a mail. `text`: what the index keeps of it; what is behind the first 20,000 characters no rule sees."""
    return MailFacts(
        SeenMail(
            sender=mail["sender"],
            sender_address=mail["sender_address"],
            recipients=[(row["name"], row["address"]) for row in recipients],
            subject=mail["subject"],
            text=text,
            attachments=[(row["name"], row["media_type"]) for row in attachments],
            list_id=mail["list_id"],
            size=mail["size"] if mail["raw_size"] is None else mail["raw_size"],
            verdicts=json.decode(mail["verdicts"]),
        )
    )
