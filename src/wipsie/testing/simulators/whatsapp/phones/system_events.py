"""News about a user: another number, another user id, other keys."""

from __future__ import annotations

from typing import Any

from wipsie.testing.simulators.whatsapp.phones.identity import Identity


def number_changed(before: Identity, after: Identity) -> dict[str, Any]:
    """Both ids that are new, and what the user id was before."""
    return {
        "from": before.number,
        "type": "system",
        "system": {
            "body": _words(before.number, after.number),
            "type": "user_changed_number",
            "wa_id": after.number,
            "user_id": after.user_id,
            "previous_user_id": before.user_id,
        },
    }


def number_changed_before_user_ids(before: Identity, after: Identity) -> dict[str, Any]:
    """As it was told until user ids came."""
    return {
        "from": before.number,
        "type": "system",
        "system": {
            "body": _words(before.number, after.number),
            "type": "customer_changed_number",
            "new_wa_id": after.number,
            "customer": before.number,
        },
    }


def user_id_changed(before: Identity, after: Identity) -> dict[str, Any]:
    """Nothing in it says which number that is."""
    return {
        "type": "system",
        "system": {
            "body": _words(before.user_id, after.user_id),
            "type": "user_changed_user_id",
            "user_id": after.user_id,
            "previous_user_id": before.user_id,
        },
    }


def identity_changed(user: Identity, key_hash: str, *, now_ms: int) -> dict[str, Any]:
    """The app was installed anew."""
    return {
        "type": "system",
        "system": {"body": f"{user.name} changed their profile information", "type": "customer_identity_changed"},
        "identity": {"acknowledged": True, "created_timestamp": str(now_ms // 1000), "hash": key_hash},
    }


def _words(before: str, after: str) -> str:
    return f"User changed from {before} to {after}"
