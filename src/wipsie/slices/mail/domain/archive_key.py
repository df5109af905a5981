"""Where a mail is kept: ``emails/YYYY/MM/DD/email-{timestamp}-{sender_hash}.json``, and what it is called in the index.

The date is that of the mail's own timestamp, in UTC. The last part of the name is 12 digits for the sender and 20 for
everything the mail says: the same mail has the same key whenever and wherever it is archived, so a repeat meets itself;
two different mails never meet. All names follow from the key, so an index that was lost is made again as it was.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

import msgspec

from wipsie.kernel import json
from wipsie.kernel.ids import ObjectId

FOLDER = "emails"
ID_PREFIX = "mail"
SENDER_DIGITS = 12
CONTENT_DIGITS = 20
_KEY = re.compile(
    r"emails/(?P<day>\d{4}/\d{2}/\d{2})/email-(?P<timestamp>\d{1,12})-(?P<sender>[0-9a-f]{12})(?P<content>[0-9a-f]{20})\.json"
)
_NUMBER_BITS = 31
"""Of a number's digits, those that tell mails of one second apart."""
TIMESTAMP_S_MAX = 2**32 - 1
"""In 2106: numbers up to there fit into the 63 bits that databases have."""


class ArchiveName(msgspec.Struct, frozen=True, kw_only=True):
    """The names of one mail."""

    key: str
    """Of its object."""
    id: ObjectId
    """In the index: sorts by the mail's timestamp."""
    number: int
    """Orders the index: by timestamp, then as it falls. Two mails of one second share it once in about four billion pairs."""


def name_of(*, sender: str, timestamp_s: int, identity: Any) -> ArchiveName:
    """The names of a mail. `timestamp_s`: from 0 to `TIMESTAMP_S_MAX`. `identity`: a JSON value that is equal for two copies of
    one mail and for no others."""
    content = json.fingerprint(identity)[:CONTENT_DIGITS]
    day = datetime.fromtimestamp(timestamp_s, UTC)
    key = f"{FOLDER}/{day.year:04d}/{day.month:02d}/{day.day:02d}/email-{timestamp_s}-{sender_digits(sender)}{content}.json"
    return _name(key, timestamp_s, content)


def read_key(key: str) -> ArchiveName | None:
    """The names of the mail under a key; None for a key that no mail has."""
    match = _KEY.fullmatch(key)
    if match is None or int(match["timestamp"]) > TIMESTAMP_S_MAX:
        return None
    timestamp_s = int(match["timestamp"])
    if datetime.fromtimestamp(timestamp_s, UTC).strftime("%Y/%m/%d") != match["day"]:
        return None
    return _name(key, timestamp_s, match["content"])


def sender_digits(sender: str) -> str:
    """The same for all spellings of one sender: case, spaces around it and composed characters do not count."""
    return hashlib.sha256(unicodedata.normalize("NFC", sender.strip().casefold()).encode()).hexdigest()[:SENDER_DIGITS]


def number_from(timestamp_s: int) -> int:
    """The smallest number of a mail of this second."""
    return timestamp_s << _NUMBER_BITS


def _name(key: str, timestamp_s: int, content: str) -> ArchiveName:
    within = int(content[:8], 16) >> (32 - _NUMBER_BITS)
    # As the ids of records, with the mail's time in place of the time of making: 12 digits of ms, then what tells it apart.
    return ArchiveName(
        key=key,
        id=ObjectId(f"{ID_PREFIX}_{timestamp_s * 1000:012x}{content}"),
        number=number_from(timestamp_s) | within,
    )
