"""Updates, and the envelope they travel in: one alone, or many of all kinds spread over entries, changes and values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any, Literal

import msgspec

from wipsie.testing.simulators.whatsapp.settings import Account

_CHANGES_PER_ENTRY = 3
_PER_VALUE = (1, 5, 2, 8)


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One element of `messages[]`, `statuses[]` or `errors[]`."""

    kind: Literal["messages", "statuses", "errors"]
    node: dict[str, Any]
    contact: dict[str, Any] | None
    phone: str | None
    """Key of the phone it comes from or is about."""
    order: str
    """First attempts at updates that share it are made one after the other."""

    @property
    def summary(self) -> str:
        if self.kind == "statuses":
            return f"status {self.node['status']}"
        if self.kind == "errors":
            return f"error {self.node['code']}"
        return str(self.node.get("type", "message"))


def envelope(account: Account, updates: Sequence[Update]) -> dict[str, Any]:
    """The body. A receiver that looks at the first element of anything only misses some of many updates."""
    changes = [_change(account, part) for part in _parts(updates)]
    entries = [
        {"id": account.account_id, "changes": changes[start : start + _CHANGES_PER_ENTRY]}
        for start in range(0, len(changes), _CHANGES_PER_ENTRY)
    ]
    return {"object": "whatsapp_business_account", "entry": entries}


def summary_of(updates: Sequence[Update]) -> str:
    """``text``, or for many ``12 updates: status read, text``."""
    if len(updates) == 1:
        return updates[0].summary
    return f"{len(updates)} updates: {', '.join(sorted({update.summary for update in updates}))}"


def _parts(updates: Sequence[Update]) -> list[Sequence[Update]]:
    if len(updates) == 1:
        return [updates]
    parts: list[Sequence[Update]] = []
    start = 0
    for size in cycle(_PER_VALUE):
        if start >= len(updates):
            break
        parts.append(updates[start : start + size])
        start += size
    return parts


def _change(account: Account, updates: Sequence[Update]) -> dict[str, Any]:
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": account.display_number,
            "phone_number_id": account.phone_number_id,
        },
    }
    contacts = [update.contact for update in updates if update.contact is not None]
    if contacts:
        # Each once; a receiver finds the right one by its ids.
        value["contacts"] = [contact for index, contact in enumerate(contacts) if contact not in contacts[:index]]
    for kind in ("messages", "statuses", "errors"):
        nodes = [update.node for update in updates if update.kind == kind]
        if nodes:
            value[kind] = nodes
    return {"field": "messages", "value": value}
