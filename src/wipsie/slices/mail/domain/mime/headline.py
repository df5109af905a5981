"""What the header of a mail says about it: who, when, to whom, about what."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from wipsie.slices.mail.domain.mime.addresses import read_addresses
from wipsie.slices.mail.domain.mime.dates import timestamp_of, timestamp_of_first_hop
from wipsie.slices.mail.domain.mime.defects import Defects
from wipsie.slices.mail.domain.mime.encoded_words import decode_words
from wipsie.slices.mail.domain.mime.header import Header
from wipsie.slices.mail.domain.mime.parsed import (
    ADDRESSES_MAX,
    AUTHENTICATION_CHARACTERS_MAX,
    AUTHENTICATION_MAX,
    AUTHORS_MAX,
    ID_CHARACTERS_MAX,
    LINE_CHARACTERS_MAX,
    REFERENCES_MAX,
    UNKNOWN_SENDER,
    MailAddress,
)
from wipsie.slices.mail.domain.mime.texts import one_line

AUTHENTICATION_HEADERS = {
    "authentication-results": "Authentication-Results",
    "arc-authentication-results": "ARC-Authentication-Results",
    "received-spf": "Received-SPF",
}
_ID = re.compile(r"<([^<>]+)>")


class Headline(msgspec.Struct, frozen=True, kw_only=True):
    """The members of `ParsedMail` that come from the header."""

    subject: str
    sender: str
    sender_address: str | None
    authors: tuple[str, ...]
    timestamp_s: int | None
    timestamp_from: Literal["date", "received"] | None
    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    to: tuple[MailAddress, ...]
    cc: tuple[MailAddress, ...]
    reply_to: tuple[MailAddress, ...]
    list_id: str | None
    authentication: tuple[str, ...]


def read_headline(header: Header, defects: Defects) -> Headline:
    """Reads the header of a mail."""
    sender, sender_address = _sender(header, defects)
    timestamp_s, timestamp_from = _timestamp(header, defects)
    room = ADDRESSES_MAX
    lists: list[tuple[MailAddress, ...]] = []
    for name in ("to", "cc", "reply-to"):
        # More than one is against the rules, and still says to whom the mail went.
        found = read_addresses(", ".join(header.all(name)), room, defects)
        room -= len(found)
        lists.append(found)
    in_reply_to = _ids(header.first("in-reply-to"))
    references = _ids(header.first("references"))
    if len(references) > REFERENCES_MAX:
        defects.cut(f"The mail refers to more than {REFERENCES_MAX} others.")
    message_ids = _ids(header.first("message-id"))
    list_ids = _ids(header.first("list-id"))
    return Headline(
        subject=_line(header, "subject", defects) or "",
        sender=sender,
        sender_address=sender_address,
        authors=_authors(header),
        timestamp_s=timestamp_s,
        timestamp_from=timestamp_from,
        message_id=message_ids[0] if message_ids else None,
        in_reply_to=in_reply_to[0] if in_reply_to else None,
        references=tuple(references[-REFERENCES_MAX:]),
        to=lists[0],
        cc=lists[1],
        reply_to=lists[2],
        list_id=list_ids[-1] if list_ids else None,
        authentication=_authentication(header, defects),
    )


def _line(header: Header, name: str, defects: Defects) -> str | None:
    value = header.first(name)
    if value is None:
        return None
    line = one_line(decode_words(value, defects), LINE_CHARACTERS_MAX + 1)
    if len(line) > LINE_CHARACTERS_MAX:
        defects.cut(f"The header field {name} is longer than {LINE_CHARACTERS_MAX} characters.")
    return one_line(line, LINE_CHARACTERS_MAX)


def _sender(header: Header, defects: Defects) -> tuple[str, str | None]:
    """As shown, and the address if there is one."""
    for name in ("from", "sender", "reply-to"):
        raw = header.first(name)
        if raw is None:
            continue
        for found in read_addresses(raw, 1, Defects()):
            address = found.address if _is_whole(found.address) else None
            if found.name and found.address:
                return one_line(f"{found.name} <{found.address}>", LINE_CHARACTERS_MAX), address
            return found.name or found.address, address
        shown = one_line(decode_words(raw, defects), LINE_CHARACTERS_MAX)
        if shown.strip("<>"):
            return shown, None
    defects.note("The mail has no sender.")
    return UNKNOWN_SENDER, None


def _authors(header: Header) -> tuple[str, ...]:
    # Field by field: what one of them leaves open does not reach into the next.
    read = (read_addresses(raw, AUTHORS_MAX, Defects()) for raw in header.all("from"))
    return tuple(one.address for found in read for one in found if _is_whole(one.address))[:AUTHORS_MAX]


def _is_whole(address: str) -> bool:
    return "@" in address.strip("@")


def _timestamp(header: Header, defects: Defects) -> tuple[int | None, Literal["date", "received"] | None]:
    date = header.first("date")
    seconds = None if date is None else timestamp_of(date)
    if seconds is not None:
        return seconds, "date"
    defects.note("The mail has no date." if date is None else "The date of the mail is none, or out of range.")
    seconds = timestamp_of_first_hop(header.all("received"))
    return seconds, None if seconds is None else "received"


def _ids(value: str | None) -> list[str]:
    """Message-IDs without their angle brackets; what has none is taken word by word."""
    if not value:
        return []
    written = _ID.findall(value) or value.split()
    return [found for one in written if (found := one_line("".join(one.split()).strip("<>"), ID_CHARACTERS_MAX))]


def _authentication(header: Header, defects: Defects) -> tuple[str, ...]:
    kept: list[str] = []
    for field in header.fields:
        name = field.name.decode("ascii").lower()
        if name in AUTHENTICATION_HEADERS:
            if len(kept) == AUTHENTICATION_MAX:
                defects.cut(f"The mail has more than {AUTHENTICATION_MAX} results of authentication.")
                break
            kept.append(
                one_line(f"{AUTHENTICATION_HEADERS[name]}: {header.text(field)}", AUTHENTICATION_CHARACTERS_MAX)
            )
    return tuple(kept)
