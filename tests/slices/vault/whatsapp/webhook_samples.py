"""Bodies of webhooks as Meta sends them, with invented people and numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from wipsie.slices.vault.domain.whatsapp.updates import IncomingMessage, Update, read_updates

NUMBER_ID = "420000000000088"
USER_ID = "IN.48120077315502"
WA_ID = "15550100123"
ASHA = {"profile": {"name": "Asha Example"}, "wa_id": WA_ID, "user_id": USER_ID}
SHA_BASE64 = "FFEkdfCSnmE7gTrX5wH1Ua9WEvof1IBeDjAn55vrEF0="
SHA_HEX = "14512475f0929e613b813ad7e701f551af5612fa1fd4805e0e3027e79beb105d"


def numbered() -> Iterator[str]:
    """Names for cases whose values say little."""
    return (f"case {number}" for number in count(1))


def value(
    messages: list[Any] | None = None, statuses: list[Any] | None = None, contacts: Any = (ASHA,), **more: Any
) -> dict[str, Any]:
    """What one change holds."""
    found: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550177000", "phone_number_id": NUMBER_ID},
    }
    if contacts:
        found["contacts"] = list(contacts)
    if messages is not None:
        found["messages"] = messages
    if statuses is not None:
        found["statuses"] = statuses
    return {**found, **more}


def webhook(*values: Any, field: str = "messages") -> bytes:
    """A body with one change for each value."""
    changes = [{"field": field, "value": one} for one in values]
    return as_meta_writes(
        {"object": "whatsapp_business_account", "entry": [{"id": "310000000000077", "changes": changes}]}
    )


def as_meta_writes(body: Any) -> bytes:
    """ASCII with escapes, slashes and at signs escaped too."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").replace("@", "\\u0040").encode()


def message(kind: str, node: Any = None, **more: Any) -> dict[str, Any]:
    """An element of `messages`."""
    base: dict[str, Any] = {
        "from": WA_ID,
        "from_user_id": USER_ID,
        "id": "wamid.EXAMPLE",
        "timestamp": "1795300000",
        "type": kind,
    }
    if node is not None:
        base[kind] = node
    return {name: one for name, one in {**base, **more}.items() if one is not None}


def read(element: dict[str, Any], contacts: Any = (ASHA,)) -> Update:
    """The one update of a webhook with one message."""
    (update,) = read_updates(webhook(value([element], contacts=contacts)))
    return update


def read_message(element: dict[str, Any], contacts: Any = (ASHA,)) -> IncomingMessage:
    """The message of a webhook with one that can be read."""
    update = read(element, contacts)
    assert isinstance(update, IncomingMessage), update
    return update
