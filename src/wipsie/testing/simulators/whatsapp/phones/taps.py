"""What a tap sends to the business."""

from __future__ import annotations

from typing import Any

from wipsie.testing.simulators.whatsapp.graph.outgoing import Choice


def tap_node(choice: Choice) -> dict[str, Any] | None:
    """Without its context. None: the phone does something itself, for example opens a link."""
    if choice.kind == "quick_reply":
        return {"type": "button", "button": {"payload": choice.id, "text": choice.title}}
    if choice.kind == "row":
        row = {"id": choice.id, "title": choice.title}
        if choice.description is not None:
            row["description"] = choice.description
        return {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": row}}
    if choice.kind == "reply":
        reply = {"type": "button_reply", "button_reply": {"id": choice.id, "title": choice.title}}
        return {"type": "interactive", "interactive": reply}
    return None
