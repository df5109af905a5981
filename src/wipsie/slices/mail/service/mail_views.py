"""Makes what is shown of mails from the rows of the index, and from the document for one that is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import UNSET
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.kernel import json
from wipsie.kernel.text_snippets import snippet
from wipsie.slices.mail.domain.letter import CONTENT, SENDER, SUBJECT, TIMESTAMP
from wipsie.slices.mail.schemas.mails import (
    ArrivalView,
    AttachmentView,
    HoldView,
    MailSummary,
    MailView,
    RecipientView,
    RuleHitView,
)
from wipsie.slices.mail.service.stored_mail import whole_document
from wipsie.slices.mail.store import reading
from wipsie.slices.mail.store.rules import hits_of

PATH = "/api/mail"
_FIELDS = (SUBJECT, SENDER, TIMESTAMP, CONTENT)


class MailViews:
    """One per process."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def summaries(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[MailSummary]:
        """Of a page."""
        tags = await reading.tags_of(connection, [row["number"] for row in rows])
        return [MailSummary(**_summary(row, tags)) for row in rows]

    async def found(
        self, connection: AsyncConnection, rows: Sequence[RowMapping], words: Sequence[str]
    ) -> list[MailSummary]:
        """Of a page of a search, with snippets."""
        numbers = [row["number"] for row in rows]
        tags = await reading.tags_of(connection, numbers)
        texts = await reading.texts_of(connection, numbers)
        return [
            MailSummary(**_summary(row, tags), snippet=snippet(texts.get(row["number"], ""), words) or UNSET)
            for row in rows
        ]

    async def view(self, database: Database, mail_id: str) -> MailView:
        """Everything about one mail. NotFound; BlobNotFound, BlobCorrupt when its document is not as it was stored;
        StorageUnavailable."""
        async with database.glance() as connection:
            row = await reading.get(connection, mail_id)
            number = row["number"]
            tags = await reading.tags_of(connection, [number])
            recipients = (await reading.recipients_of(connection, [number])).get(number, [])
            files = (await reading.attachments_of(connection, [number])).get(number, [])
            arrivals = await reading.arrivals_of(connection, number)
            hits = await hits_of(connection, row["id"])
        # Outside: a slow store must not keep the lists of others waiting.
        stored = await whole_document(self._blobs, row["object_key"])
        mail = stored.mail
        members: dict[str, Any] = json.decode(stored.content) if mail.mime is None else {}
        return MailView(
            **_summary(row, tags),
            text=mail.content,
            recipients=[
                RecipientView(role=one["role"], address=one["address"], name=one["name"]) for one in recipients
            ],
            files=[attachment_view(row["id"], one) for one in files],
            arrivals=[
                ArrivalView(
                    message_id=one["message_id"],
                    door=one["door"],
                    received_at=_moment(one["received_at_ms"] / 1000),
                    sender=one["sender"],
                    recipients=json.decode(one["recipients"]),
                    is_copy=one["is_copy"],
                )
                for one in arrivals
            ],
            rules=[RuleHitView(rule=hit.rule, at=_moment(hit.at_ms / 1000), actions=hit.actions) for hit in hits],
            message_id=row["message_id"],
            in_reply_to=row["in_reply_to"],
            list_id=row["list_id"],
            verdicts=json.decode(row["verdicts"]),
            defects=[] if mail.mime is None else list(mail.mime.defects),
            extra={name: value for name, value in members.items() if name not in _FIELDS},
            key=row["object_key"],
            sha256=row["sha256"],
            raw_sha256=row["raw_sha256"],
        )


def attachment_view(mail_id: str, row: RowMapping) -> AttachmentView:
    """One attachment."""
    names = [name for name in AttachmentView.__struct_fields__ if name != "href"]
    return AttachmentView(**{name: row[name] for name in names}, href=f"{PATH}/{mail_id}/attachments/{row['number']}")


def _summary(row: RowMapping, tags: Mapping[int, list[str]]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "subject": row["subject"],
        "sender": row["sender"],
        "sender_address": row["sender_address"],
        "sent_at": _moment(row["timestamp_s"]),
        "preview": row["preview"],
        "attachments": row["attachments"],
        "copies": row["copies"],
        "size": row["size"] if row["raw_size"] is None else row["raw_size"],
        "is_letter": row["raw_sha256"] is None,
        "tags": tags.get(row["number"], []),
        "held": None if row["held_by"] is None else HoldView(by=row["held_by"], reason=row["held_reason"] or ""),
    }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
