"""The client that brought a mail, where its address says something about who sent it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import msgspec

from wipsie.slices.mail.domain.arrival import Envelope

IpAddress = IPv4Address | IPv6Address

_INSIDE = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        # Shared by those behind one provider, or one cluster (RFC 6598).
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/127",
        "fc00::/7",
        "fe80::/10",
    )
)


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody outside who spoke SMTP to us."""

    address: IpAddress
    helo: str
    """The name it greeted with, whatever it means."""
    sender: str
    """Of the envelope; empty for a bounce."""


def client_of(envelope: Envelope) -> Client | None:
    """The client of a mail; None when the mail came another way, from inside, or from somebody who signed in: then the last
    hop before us is not the one that SPF is about."""
    if envelope.door != "smtp" or envelope.signed_in_as is not None or envelope.sender is None or not envelope.remote:
        return None
    try:
        address = ip_address(envelope.remote)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in _INSIDE):
        return None
    return Client(address=address, helo=envelope.helo or "", sender=envelope.sender)
