"""A file somebody sends: how it goes, what the business is told of it, and what the chat shows."""

from __future__ import annotations

from typing import Any

import msgspec

from wipsie.testing.simulators.whatsapp.media_store import Medium, StoredFile
from wipsie.testing.simulators.whatsapp.phones.chat import Bubble, BubbleFile


class SentFile(msgspec.Struct, frozen=True, kw_only=True):
    """`kind`: ``document``, ``image``, ``audio``, ``video`` or ``sticker``."""

    kind: str
    mime_type: str
    filename: str | None = None
    caption: str | None = None
    is_voice: bool = False
    animated: bool = False


def file_node(sent: SentFile, medium: Medium, address: str | None) -> dict[str, Any]:
    """The message, without who sent it. `address`: where the bytes are, when the webhook says it."""
    content: dict[str, Any] = {}
    if sent.caption:
        content["caption"] = sent.caption
    if sent.filename is not None:
        content["filename"] = sent.filename
    content |= {"mime_type": sent.mime_type, "sha256": medium.sha256_base64, "id": medium.id}
    if address is not None:
        content["url"] = address
    if sent.kind == "audio":
        content["voice"] = sent.is_voice
    if sent.kind == "sticker":
        content["animated"] = sent.animated
    return {"type": sent.kind, sent.kind: content}


def file_bubble(sent: SentFile, medium: Medium, file: StoredFile) -> Bubble:
    shown = BubbleFile(
        kind=sent.kind,
        mime_type=sent.mime_type,
        filename=sent.filename,
        size_bytes=file.size_bytes,
        media_id=medium.id,
        is_voice=sent.is_voice,
        stored=file,
    )
    return Bubble(mine=True, kind=sent.kind, text=sent.caption or "", file=shown)
