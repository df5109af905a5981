"""The records that keys are published in, looked up with bounds."""

from __future__ import annotations

from collections.abc import Callable

LOOKUPS_MAX = 20
FAILED_LOOKUPS_MAX = 3
"""Then all others are taken for failed, so that a mail costs only so many time-outs."""
_DNS_NAME_BYTES_MAX = 254


class DnsUnavailable(Exception):
    """The resolver gave no answer, which says nothing about the key: another time there may be one."""


class BadSignature(Exception):
    """A signature is not good; `result` says how, in the words of RFC 8601, section 2.7.1."""

    def __init__(self, result: str) -> None:
        super().__init__(result)
        self.result = result


class KeyRecords:
    """Looks each record up once, and only so many."""

    def __init__(self, dns_txt: Callable[[bytes], bytes | None]) -> None:
        self._dns_txt = dns_txt
        self._found: dict[bytes, bytes | None] = {}
        self._failed: set[bytes] = set()

    def record(self, selector: bytes, domain: bytes) -> bytes:
        """The TXT record of a key. BadSignature when there is none, or none is known in time."""
        name = selector + b"._domainkey." + domain + b"."
        if name not in self._found:
            if len(name) > _DNS_NAME_BYTES_MAX:
                raise BadSignature("permerror")
            if name in self._failed or len(self._failed) >= FAILED_LOOKUPS_MAX or len(self._found) >= LOOKUPS_MAX:
                raise BadSignature("temperror")
            try:
                self._found[name] = self._dns_txt(name)
            except DnsUnavailable:
                self._failed.add(name)
                raise BadSignature("temperror") from None
        record = self._found[name]
        if record is None:
            raise BadSignature("permerror")
        return record
