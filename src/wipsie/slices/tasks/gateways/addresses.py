"""Which network addresses a message may make Wipsie talk to: public ones, unless a setting says more.

A message is written by somebody outside; the machine Wipsie runs on can reach things that person cannot (databases, the
cloud's metadata service, the router). So the address a connection really goes to is judged, not the name it had.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

import msgspec

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Not global in effect, though some tables call them so: shared carrier space, benchmarks, translation and relay prefixes
# (an IPv4 address hides inside), and the metadata services of clouds that sit outside the link-local range.
_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "64:ff9b:1::/48",
        "2001::/23",
        "fec0::/10",
    )
)


class AddressPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """`allowed_hosts` are names or literal addresses exactly as they stand in a URL, in lower case."""

    allow_private_networks: bool = False
    allowed_hosts: frozenset[str] = frozenset()
    grants: Callable[[str, int], bool] | None = None
    """Asked about a literal address and port that would be refused; True lets this one pass."""

    def exempts(self, host: str) -> bool:
        """Whether this host may have any address."""
        return self.allow_private_networks or host.lower().rstrip(".") in self.allowed_hosts

    def grants_access(self, address: str, port: int) -> bool:
        """Whether somebody gave leave for exactly this address and port."""
        return self.grants is not None and self.grants(address, port)


def is_public(text: str) -> bool:
    """Whether a literal address is on the public internet. False for anything that is no address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return _is_public(address)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded_ipv4(address)
        if inner is not None:
            return _is_public(inner)
    if any(address.version == network.version and address in network for network in _REFUSED):
        return False
    return address.is_global and not (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    )


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address a mapped, compatible, 6to4 or NAT64 address leads to."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    number = int(address)
    if number >> 32 == 0 and number > 1:
        return ipaddress.IPv4Address(number)
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return None


def literal_address(host: str) -> str | None:
    """The address when `host` is written as one, in any form the system's own functions understand: ``127.0.0.1``,
    ``2130706433``, ``0x7f.1``, ``0177.0.0.1``, ``[::1]``; None for a name."""
    trimmed = host.strip("[]").rstrip(".")
    try:
        return str(ipaddress.ip_address(trimmed.partition("%")[0]))
    except ValueError:
        pass
    try:
        return str(ipaddress.IPv4Address(socket.inet_aton(trimmed)))
    except OSError:
        return None


def first_refused(addresses: Sequence[str]) -> str | None:
    """The first address that is not public, or None. One bad address refuses the whole name."""
    return next((address for address in addresses if not is_public(address)), None)
