"""What the control interface lets a phone do: one action per path, with its arguments as JSON. Files come as forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec

from wipsie.testing.simulators.whatsapp.phones.chat import Bubble
from wipsie.testing.simulators.whatsapp.phones.phone import Phone


class Change(Protocol):
    """What may change of a phone; None leaves it."""

    is_on: bool | None
    chat_is_open: bool | None
    read_receipts: bool | None
    username: str | msgspec.UnsetType | None


class Text(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    quoting: str | None = None
    forwarded: bool = False


class Tap(msgspec.Struct, forbid_unknown_fields=True):
    choice: str
    message_id: str | None = None


class React(msgspec.Struct, forbid_unknown_fields=True):
    message_id: str
    emoji: str | None = None


class Place(msgspec.Struct, forbid_unknown_fields=True):
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


class Card(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    number: str


class One(msgspec.Struct, forbid_unknown_fields=True):
    message_id: str


class Edit(msgspec.Struct, forbid_unknown_fields=True):
    message_id: str
    text: str


class Unsupported(msgspec.Struct, forbid_unknown_fields=True):
    kind: str | None = "poll_creation"


class Oversize(msgspec.Struct, forbid_unknown_fields=True):
    filename: str = "scan.pdf"


class NewNumber(msgspec.Struct, forbid_unknown_fields=True):
    number: str
    older_form: bool = False


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


def change(phone: Phone, wanted: Change) -> None:
    """Switch, open, close, rename. ValueError."""
    if wanted.username is not msgspec.UNSET:
        phone.take_username(wanted.username)
    if wanted.read_receipts is not None:
        phone.read_receipts = wanted.read_receipts
    if wanted.is_on is not None:
        (phone.switch_on if wanted.is_on else phone.switch_off)()
    if wanted.chat_is_open is not None:
        (phone.open_chat if wanted.chat_is_open else phone.close_chat)()


async def act(phone: Phone, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Ids of the messages it sent. ValueError for an unknown action or wrong arguments."""
    known = _ACTIONS.get(action)
    if known is None:
        raise ValueError(f"A phone cannot {action!r}; it can {', '.join(sorted(_ACTIONS))}.")
    form, carry_out = known
    done = await carry_out(phone, msgspec.convert(arguments, form))
    return {"message_ids": [done.id] if done is not None else []}


async def _text(phone: Phone, given: Text) -> Bubble:
    return await phone.send_text(given.text, quoting=given.quoting, forwarded=given.forwarded)


async def _location(phone: Phone, given: Place) -> Bubble:
    return await phone.send_location(given.latitude, given.longitude, name=given.name, address=given.address)


async def _contact(phone: Phone, given: Card) -> Bubble:
    return await phone.send_contact(given.name, given.number)


async def _tap(phone: Phone, given: Tap) -> Bubble | None:
    return await phone.tap(given.choice, on=given.message_id)


async def _react(phone: Phone, given: React) -> None:
    await phone.react(given.message_id, given.emoji)


async def _play(phone: Phone, given: One) -> None:
    phone.play(given.message_id)


async def _edit(phone: Phone, given: Edit) -> None:
    await phone.edit(given.message_id, given.text)


async def _revoke(phone: Phone, given: One) -> None:
    await phone.revoke(given.message_id)


async def _unsupported(phone: Phone, given: Unsupported) -> Bubble:
    return await phone.send_unsupported(given.kind)


async def _oversize(phone: Phone, given: Oversize) -> Bubble:
    return await phone.send_oversize(given.filename)


async def _share_number(phone: Phone, given: One) -> Bubble:
    return await phone.share_number(given.message_id)


async def _number(phone: Phone, given: NewNumber) -> None:
    await phone.change_number(given.number, older_form=given.older_form)


async def _user_id(phone: Phone, _given: Nothing) -> None:
    await phone.change_user_id()


async def _reinstall(phone: Phone, _given: Nothing) -> None:
    await phone.reinstall()


_ACTIONS: dict[str, tuple[type[msgspec.Struct], Callable[[Phone, Any], Awaitable[Bubble | None]]]] = {
    "text": (Text, _text),
    "location": (Place, _location),
    "contact": (Card, _contact),
    "tap": (Tap, _tap),
    "react": (React, _react),
    "play": (One, _play),
    "edit": (Edit, _edit),
    "revoke": (One, _revoke),
    "unsupported": (Unsupported, _unsupported),
    "oversize": (Oversize, _oversize),
    "share-number": (One, _share_number),
    "number": (NewNumber, _number),
    "user-id": (Nothing, _user_id),
    "reinstall": (Nothing, _reinstall),
}
