"""DNS as a table: what a name has, what has no answer, and what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from wipsie.slices.mail.domain.mime.key_records import DnsUnavailable
from wipsie.slices.mail.domain.origin.client import Client
from wipsie.slices.mail.domain.origin.lookups import RecordType

Zone = Mapping[str, Any]


class Names:
    """Callable as `Lookup` wants it."""

    def __init__(self, zone: Zone) -> None:
        """Name to type to one record or several; None instead of the types for a name about which nobody answers, and instead of
        the records for a type."""
        self._zone = zone
        self.asked: list[tuple[str, str]] = []

    def __call__(self, name: str, record_type: RecordType, /) -> tuple[str, ...] | None:
        self.asked.append((name, record_type))
        if name not in self._zone:
            return None
        types = self._zone[name]
        records = None if types is None else types.get(record_type, ())
        if records is None:
            raise DnsUnavailable(name)
        return (records,) if isinstance(records, str) else tuple(records)


def client(address: str = "192.0.2.1", *, sender: str = "ann@example.org", helo: str = "mx.example.org") -> Client:
    return Client(address=ip_address(address), helo=helo, sender=sender)
