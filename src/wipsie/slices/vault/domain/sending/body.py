"""What a delivery holds until it has arrived. Stored sealed, as JSON."""

from __future__ import annotations

import msgspec

from wipsie.slices.vault.domain.whatsapp.outgoing import (
    DocumentMessage,
    MediaSource,
    OutgoingMessage,
    ReadReceipt,
)

RECEIPT_KIND = "read_receipt"
TEMPLATE_KIND = "template"
FILE_KIND = "file"


class FileMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=FILE_KIND, omit_defaults=True):
    """A file of ours, which is uploaded when its turn comes. Afterwards it is a document."""

    object: str
    """Id of the object that holds it."""
    file_name: str
    caption: str | None = None

    def __post_init__(self) -> None:
        # What cannot be sent later is refused now.
        self.uploaded("0")

    def uploaded(self, media_id: str) -> DocumentMessage:
        """The message that sends it. MessageRefused."""
        return DocumentMessage(source=MediaSource(id=media_id), file_name=self.file_name, caption=self.caption)


Sendable = OutgoingMessage | FileMessage | ReadReceipt


class DeliveryBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message, and how it is sent."""

    message: Sendable
    quotes: str | None = None
    """Id of the message of WhatsApp that it answers."""
    media_id: str | None = None
    """Of the file, once it is uploaded: a second attempt takes it from there, and it is deleted by it."""

    @property
    def kind(self) -> str:
        """In one word."""
        return str(self.message.__struct_config__.tag)
