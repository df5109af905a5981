"""New messages of a person that are no files: words, places, cards of others, orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wipsie.testing.simulators.whatsapp.graph.errors import webhook_error
from wipsie.testing.simulators.whatsapp.phones.chat import Bubble
from wipsie.testing.simulators.whatsapp.phones.handset import Handset, Message

TEXT_MAX = 65_536
"""Characters a person can send; far more than a business may."""


class Composing(Handset):
    """Each is on its way when the call returns."""

    async def send_text(
        self,
        text: str,
        *,
        quoting: Message | None = None,
        forwarded: bool = False,
        frequently_forwarded: bool = False,
    ) -> Bubble:
        """Words. `quoting`: the message it answers to."""
        if not 1 <= len(text) <= TEXT_MAX:
            raise ValueError(f"A text has 1 to {TEXT_MAX} characters.")
        node: dict[str, Any] = {"type": "text", "text": {"body": text}}
        context: dict[str, Any] = self._quote(quoting) or {}
        if forwarded:
            context["forwarded"] = True
        if frequently_forwarded:
            context["frequently_forwarded"] = True
        if context:
            node["context"] = context
        return self._send(
            node,
            Bubble(mine=True, kind="text", text=text, quoted_id=_id_of(quoting), forwarded=bool(forwarded)),
        )

    async def send_location(
        self, latitude: float, longitude: float, *, name: str | None = None, address: str | None = None
    ) -> Bubble:
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise ValueError("There is no such place.")
        place: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
        place |= {key: value for key, value in (("name", name), ("address", address)) if value}
        bubble = Bubble(
            mine=True,
            kind="location",
            text="\n".join(filter(None, (name, address))),
            latitude=latitude,
            longitude=longitude,
        )
        return self._send({"type": "location", "location": place}, bubble)

    async def send_contact(self, name: str, number: str, *, origin: str | None = None) -> Bubble:
        """A card of somebody else; `number` in any form."""
        digits = "".join(filter(str.isdecimal, number))
        card = {
            "name": {"formatted_name": name, "first_name": name.split(maxsplit=1)[0] if name.split() else name},
            "phones": [{"phone": number, "wa_id": digits, "type": "CELL"}],
        }
        node: dict[str, Any] = {"type": "contacts", "contacts": [card]}
        if origin is not None:
            node["origin"] = origin
        return self._send(node, Bubble(mine=True, kind="contacts", text=f"{name}\n{number}"))

    async def send_order(self, catalog_id: str, items: Sequence[tuple[str, int, float]], *, text: str = "") -> Bubble:
        """Items of a catalogue: id, how many, price of one."""
        products = [
            {"product_retailer_id": item, "quantity": quantity, "item_price": price, "currency": "INR"}
            for item, quantity, price in items
        ]
        order = {"catalog_id": catalog_id, "text": text, "product_items": products}
        return self._send({"type": "order", "order": order}, Bubble(mine=True, kind="order", text=text))

    async def send_unsupported(self, kind: str | None = "poll_creation") -> Bubble:
        """Something the API has no form for: a poll, a pin, a GIF. None: it does not even say what."""
        node: dict[str, Any] = {"type": "unsupported"}
        if kind is not None:
            node["unsupported"] = {"type": kind}
        node["errors"] = [{**webhook_error(131051), "title": "Message type unknown", "message": "Message type unknown"}]
        return self._send(node, Bubble(mine=True, kind="unsupported", text=kind or "unsupported"))


def _id_of(message: Message | None) -> str | None:
    return message.id if isinstance(message, Bubble) else message
