"""What the control interface says of a simulator: plain data, for pages and other processes."""

from __future__ import annotations

from typing import Any

import msgspec

from wipsie.testing.simulators.whatsapp.log import Attempt, Call
from wipsie.testing.simulators.whatsapp.phones.chat import Bubble
from wipsie.testing.simulators.whatsapp.phones.phone import Phone


def phone_view(phone: Phone, *, now_ms: int, window_ms: int) -> dict[str, Any]:
    """Without the chat."""
    bubbles = phone.chat.bubbles
    last = phone.last_message_ms
    return {
        "key": phone.key,
        "name": phone.name,
        "number": phone.number,
        "number_is_known": phone.identity.number_at(now_ms) is not None,
        "user_id": phone.user_id,
        "username": phone.identity.username,
        "is_on": phone.is_on,
        "chat_is_open": phone.chat_is_open,
        "read_receipts": phone.read_receipts,
        "is_typing": phone.is_typing,
        "window_left_ms": max(0, last + window_ms - now_ms) if last is not None else 0,
        "unread": sum(1 for bubble in bubbles if not bubble.mine and not bubble.seen),
        "last": _preview(bubbles[-1]) if bubbles else "",
        "last_ms": bubbles[-1].at_ms if bubbles else None,
    }


def bubble_view(bubble: Bubble) -> dict[str, Any]:
    """One message. Its file is fetched by the id of the message."""
    view = {name: getattr(bubble, name) for name in bubble.__struct_fields__ if name not in ("file", "choices")}
    view["choices"] = [msgspec.to_builtins(choice) for choice in bubble.choices]
    file = bubble.file
    view["file"] = None
    if file is not None:
        view["file"] = {
            "kind": file.kind,
            "mime_type": file.mime_type,
            "filename": file.filename,
            "size_bytes": file.size_bytes,
            "media_id": file.media_id,
            "link": file.link,
            "is_voice": file.is_voice,
            "is_here": file.stored is not None,
        }
    return view


def call_view(call: Call) -> dict[str, Any]:
    return msgspec.to_builtins(call)


def attempt_view(attempt: Attempt) -> dict[str, Any]:
    """Without the body, which has a route of its own."""
    view = {name: getattr(attempt, name) for name in attempt.__struct_fields__ if name != "body"}
    view["has_body"] = attempt.body is not None
    return view


def _preview(bubble: Bubble) -> str:
    if bubble.file is not None:
        return bubble.file.filename or bubble.file.kind
    return bubble.text.partition("\n")[0][:80]
