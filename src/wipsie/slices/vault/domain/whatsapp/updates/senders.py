"""Who wrote a message: its own members say it, and the `contacts` beside it add what they know of the same person."""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.slices.vault.domain.whatsapp.json_values import Members, id_of, members, text_of
from wipsie.slices.vault.domain.whatsapp.updates.update import Sender

_NAME_CHARACTERS_MAX = 200


def contacts_by_id(contacts: Sequence[object]) -> dict[str, Members]:
    """Every contact under its user id and its number. A batch has several people in it: their position says nothing."""
    found: dict[str, Members] = {}
    for one in contacts:
        contact = members(one)
        for key in (id_of(contact.get("user_id")), id_of(contact.get("wa_id"))):
            if key is not None:
                found.setdefault(key, contact)
    return found


def sender_of(message: Members, contacts: dict[str, Members]) -> Sender | None:
    """None when neither the message nor what it reports of the sender says who that is."""
    user_id, wa_id = id_of(message.get("from_user_id")), id_of(message.get("from"))
    contact = contacts.get(user_id or "") or contacts.get(wa_id or "") or {}
    user_id = user_id or id_of(contact.get("user_id"))
    if user_id is None and wa_id is None:
        # A change of the user id alone names nobody but within itself.
        user_id = id_of(members(message.get("system")).get("previous_user_id"))
    if user_id is None and wa_id is None:
        return None
    profile = members(contact.get("profile"))
    return Sender(
        user_id=user_id,
        wa_id=wa_id or id_of(contact.get("wa_id")),
        name=text_of(profile.get("name"), _NAME_CHARACTERS_MAX) or None,
        username=text_of(profile.get("username"), _NAME_CHARACTERS_MAX) or None,
        identity_key_hash=id_of(contact.get("identity_key_hash")),
    )
