"""Reads the body of a webhook: every message and every status of every change of every entry.

Up to 1,000 updates come in one body of up to 3 MB. Whatever is wrong with one of them, the others are read, and what is wrong is
said in an `Unreadable` in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from wipsie.slices.vault.domain.whatsapp.errors import read_api_errors
from wipsie.slices.vault.domain.whatsapp.json_values import (
    Members,
    NotJson,
    decoded,
    id_of,
    items,
    members,
    members_or_none,
    seconds_of,
    text_of,
)
from wipsie.slices.vault.domain.whatsapp.updates.reading_contents import read_content
from wipsie.slices.vault.domain.whatsapp.updates.senders import contacts_by_id, sender_of
from wipsie.slices.vault.domain.whatsapp.updates.update import (
    IncomingMessage,
    NumberTrouble,
    OtherChange,
    OurNumber,
    Pricing,
    StatusUpdate,
    Unreadable,
    Update,
)

BODY_BYTES_MAX = 3 * 1024 * 1024
UPDATES_MAX = 10_000
"""Of one body: ten times what Meta sends. The rest is told of as unreadable."""
_OBJECT = "whatsapp_business_account"
_REFERENCE_CHARACTERS_MAX = 512
_FIELD = re.compile(r"[A-Za-z0-9_.]{1,100}")


def read_updates(body: bytes) -> tuple[Update, ...]:
    """All updates of a body whose signature is right, in their order. Never raises: a body that is no JSON at all is one
    `Unreadable`."""
    try:
        root = decoded(body)
    except NotJson as error:
        return (Unreadable(where="body", reason=f"no JSON: {error}"),)
    found: list[Update] = []
    for update in _updates(root):
        if len(found) == UPDATES_MAX:
            found.append(Unreadable(where="body", reason=f"more than {UPDATES_MAX} updates"))
            break
        found.append(update)
    return tuple(found)


def _updates(root: object) -> Iterator[Update]:
    if members(root).get("object") != _OBJECT:
        yield Unreadable(where="body", reason=f"its object is not {_OBJECT}")
        return
    for where, entry in _each(members(root), "entry", ""):
        if isinstance(entry, Unreadable):
            yield entry
            continue
        account_id = id_of(entry.get("id"))
        for place, change in _each(entry, "changes", where):
            yield from (change,) if isinstance(change, Unreadable) else _of_change(change, place, account_id)


def _of_change(change: Members, where: str, account_id: str | None) -> Iterator[Update]:
    field = change.get("field")
    value, place = members(change.get("value")), f"{where}.value"
    metadata = members(value.get("metadata"))
    number = OurNumber(
        phone_number_id=id_of(metadata.get("phone_number_id")),
        display_number=text_of(metadata.get("display_phone_number"), 40),
        account_id=account_id,
    )
    if field != "messages":
        is_name = isinstance(field, str) and _FIELD.fullmatch(field)
        yield (
            OtherChange(field=str(field), number=number)
            if is_name
            else Unreadable(where=where, reason="the change names no field", number=number)
        )
        return
    is_empty = True
    contacts = contacts_by_id(items(value.get("contacts")))
    readers: tuple[tuple[str, Callable[[Members], Update]], ...] = (
        ("messages", lambda message: _message(message, contacts, number)),
        ("statuses", lambda status: _status(status, number)),
    )
    for name, read in readers:
        for spot, element in _each(value, name, place):
            is_empty = False
            yield element if isinstance(element, Unreadable) else _read(read, element, spot, number)
    errors = read_api_errors(value)
    if errors:
        yield NumberTrouble(errors=errors, number=number)
    elif is_empty:
        yield Unreadable(where=place, reason="neither messages nor statuses nor errors", number=number)


def _each(holder: Members, name: str, where: str) -> Iterator[tuple[str, Members | Unreadable]]:
    """The objects of an array, with their places."""
    place = f"{where}.{name}" if where else name
    array = holder.get(name)
    if array is not None and not isinstance(array, list):
        yield place, Unreadable(where=place, reason="not an array")
    for index, element in enumerate(items(holder.get(name))):
        spot = f"{place}[{index}]"
        element_members = members_or_none(element)
        yield spot, Unreadable(where=spot, reason="not an object") if element_members is None else element_members


def _read(read: Callable[[Members], Update], element: Members, where: str, number: OurNumber) -> Update:
    try:
        return read(element)
    except ValueError as error:
        return Unreadable(where=where, reason=str(error), message_id=id_of(element.get("id")), number=number)
    except Exception as error:
        # Ours to mend. Until then the other updates of this body must not suffer, and this one must not go unnoticed; the text of
        # the error may quote it.
        reason = f"our reader failed: {type(error).__name__}"
        return Unreadable(where=where, reason=reason, message_id=id_of(element.get("id")), number=number)


def _message(message: Members, contacts: dict[str, Members], number: OurNumber) -> Update:
    message_id = id_of(message.get("id"))
    if message_id is None:
        raise ValueError("the message has no id")
    sender = sender_of(message, contacts)
    if sender is None:
        raise ValueError("the message has no sender")
    context = members(message.get("context"))
    return IncomingMessage(
        id=message_id,
        sender=sender,
        content=read_content(message),
        number=number,
        sent_at_s=seconds_of(message.get("timestamp")),
        quoted_id=id_of(context.get("id")),
        is_forwarded=context.get("forwarded") is True or context.get("frequently_forwarded") is True,
        group_id=id_of(message.get("group_id")),
    )


def _status(status: Members, number: OurNumber) -> Update:
    message_id = id_of(status.get("id"))
    name = id_of(status.get("status"))
    if message_id is None:
        raise ValueError("the status has no message id")
    if name is None:
        raise ValueError("the status has no name")
    return StatusUpdate(
        message_id=message_id,
        status=name,
        number=number,
        at_s=seconds_of(status.get("timestamp")),
        recipient_wa_id=id_of(status.get("recipient_id")),
        recipient_user_id=id_of(status.get("recipient_user_id")),
        reference=text_of(status.get("biz_opaque_callback_data"), _REFERENCE_CHARACTERS_MAX),
        errors=read_api_errors(status),
        pricing=_pricing(members(status.get("pricing"))),
    )


def _pricing(pricing: Members) -> Pricing | None:
    if not pricing:
        return None
    billable = pricing.get("billable")
    return Pricing(
        category=id_of(pricing.get("category")),
        type=id_of(pricing.get("type")),
        model=id_of(pricing.get("pricing_model")),
        is_billable=billable if isinstance(billable, bool) else None,
    )
