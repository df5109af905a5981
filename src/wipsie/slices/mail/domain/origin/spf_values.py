"""What the macros of SPF stand for, for one mail (RFC 7208, sections 5.5 and 7.2)."""

from __future__ import annotations

from functools import cached_property
from ipaddress import ip_address

from wipsie.slices.mail.domain.mime.key_records import DnsUnavailable
from wipsie.slices.mail.domain.origin.client import Client
from wipsie.slices.mail.domain.origin.domain_names import ascii_domain, is_at_or_below
from wipsie.slices.mail.domain.origin.lookups import Lookup, RecordType

NAMES_MAX = 10
"""Names of a client's address that are looked at (RFC 7208, section 4.6.4)."""


class SpfValues:
    """Of one client and one sender."""

    def __init__(self, client: Client, lookup: Lookup) -> None:
        self.address = client.address
        self.address_type: RecordType = "A" if client.address.version == 4 else "AAAA"
        self._lookup = lookup
        self._helo = ascii_domain(client.helo) or client.helo
        # A bounce comes from nobody but the server itself (RFC 7208, section 2.4).
        local, _, domain = (client.sender or f"@{self._helo}").rpartition("@")
        self._local = local or "postmaster"
        self.sender_domain = ascii_domain(domain) or ""
        """Empty when it is no domain."""

    def value(self, letter: str, domain: str) -> str:
        """What a macro stands for in a record of a domain. `letter`: one of slodiphv."""
        return {
            "s": lambda: f"{self._local}@{self.sender_domain}",
            "l": lambda: self._local,
            "o": lambda: self.sender_domain,
            "d": lambda: domain,
            "i": self._dotted,
            "p": lambda: self._name_for(domain),
            "v": lambda: "in-addr" if self.address.version == 4 else "ip6",
            "h": lambda: self._helo,
        }[letter]()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What the client's address is called by whoever has it, as far as the name leads back to it. None at all when DNS does
        not answer."""
        try:
            found = self._lookup(self.address.reverse_pointer, "PTR") or ()
        except DnsUnavailable:
            return ()
        return tuple(name for name in found[:NAMES_MAX] if self._leads_back(name))

    def _leads_back(self, name: str) -> bool:
        try:
            found = self._lookup(name, self.address_type) or ()
        except DnsUnavailable:
            return False
        return any(ip_address(address) == self.address for address in found)

    def _name_for(self, domain: str) -> str:
        names = self.names
        below = (name for name in names if is_at_or_below(name, domain))
        return domain if domain in names else next(below, names[0] if names else "unknown")

    def _dotted(self) -> str:
        if self.address.version == 4:
            return str(self.address)
        return ".".join(self.address.exploded.replace(":", ""))
