"""Records of SPF, read: which clients may send for a domain (RFC 7208, sections 4.5, 4.6, 5 and 6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal, cast

import msgspec

from wipsie.slices.mail.domain.origin.spf_macros import BadRecord, MacroText, read_domain, read_macros

RECORD_CHARACTERS_MAX = 10_000
TERMS_MAX = 500
_VERSION = "v=spf1"
_TERM = re.compile(r"(?P<qualifier>[-+?~]?)(?P<name>[a-z][a-z0-9._-]*)(?P<rest>(?:[:/].*)?)", re.IGNORECASE | re.ASCII)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9._-]*)=(?P<value>.*)", re.IGNORECASE | re.ASCII)
_BITS = r"(?:0|[1-9][0-9]{0,2})"
_LENGTHS = re.compile(rf"(?P<domain>.*?)(?:/(?P<ip4>{_BITS}))?(?://(?P<ip6>{_BITS}))?")
_IP4 = re.compile(rf"[0-9.]+(?:/{_BITS})?")
_IP6 = re.compile(rf"[0-9a-f:.]+(?:/{_BITS})?", re.IGNORECASE | re.ASCII)

SpfResult = Literal["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"]
_QUALIFIERS: dict[str, SpfResult] = {"": "pass", "+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

MechanismName = Literal["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"]


class Mechanism(msgspec.Struct, frozen=True, kw_only=True):
    """One way to match a client."""

    result: SpfResult
    """Of a client that it matches."""
    name: MechanismName
    domain: MacroText | None = None
    """None for the domain the record is of."""
    network: IPv4Network | IPv6Network | None = None
    bits4: int = 32
    """How many of an IPv4 address count, of those found for the domain."""
    bits6: int = 128


class SpfRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record. Explanations and modifiers nobody knows are left out."""

    mechanisms: tuple[Mechanism, ...]
    redirect: MacroText | None = None


def find_spf(texts: Sequence[str]) -> SpfRecord | None:
    """The record among the texts of a domain. BadRecord for one that breaks the rules anywhere, and for several."""
    records = [text for text in texts if text[: len(_VERSION) + 1].rstrip(" ").lower() == _VERSION]
    if len(records) > 1:
        raise BadRecord("There are several records.")
    return read_spf(records[0]) if records else None


def read_spf(text: str) -> SpfRecord:
    """A text that begins with the version. BadRecord."""
    terms = [term for term in text[len(_VERSION) :].split(" ") if term]
    if len(text) > RECORD_CHARACTERS_MAX or len(terms) > TERMS_MAX:
        raise BadRecord("The record is too long.")
    mechanisms: list[Mechanism] = []
    once: dict[str, MacroText] = {}
    for term in terms:
        if modifier := _MODIFIER.fullmatch(term):
            name, value = modifier["name"].lower(), modifier["value"]
            if name not in {"redirect", "exp"}:
                read_macros(value)
            elif name in once:
                raise BadRecord(f"{name} stands there twice.")
            else:
                once[name] = read_domain(value)
        else:
            mechanisms.append(_mechanism(term))
    is_final = any(one.name == "all" for one in mechanisms)
    return SpfRecord(mechanisms=tuple(mechanisms), redirect=None if is_final else once.get("redirect"))


def _mechanism(term: str) -> Mechanism:
    match = _TERM.fullmatch(term)
    if match is None:
        raise BadRecord(f"'{term[:50]}' is no term.")
    result, name, rest = _QUALIFIERS[match["qualifier"]], match["name"].lower(), match["rest"]
    if name == "all" and not rest:
        return Mechanism(result=result, name=name)
    if name in {"a", "mx"}:
        return _of_addresses(cast("MechanismName", name), result, rest)
    if name == "ptr" and not rest:
        return Mechanism(result=result, name=name)
    if name in {"include", "exists", "ptr"} and rest.startswith(":"):
        return Mechanism(result=result, name=cast("MechanismName", name), domain=read_domain(rest[1:]))
    if name == "ip4" and _IP4.fullmatch(rest[1:]):
        return Mechanism(result=result, name=name, network=_network(rest, IPv4Network))
    if name == "ip6" and _IP6.fullmatch(rest[1:]):
        return Mechanism(result=result, name=name, network=_network(rest, IPv6Network))
    raise BadRecord(f"'{term[:50]}' is no mechanism.")


def _of_addresses(name: MechanismName, result: SpfResult, rest: str) -> Mechanism:
    lengths = _LENGTHS.fullmatch(rest)
    if lengths is None:
        raise BadRecord(f"'{name}{rest[:50]}' is no mechanism.")
    domain, bits4, bits6 = lengths["domain"], int(lengths["ip4"] or 32), int(lengths["ip6"] or 128)
    if bits4 > 32 or bits6 > 128 or (domain and not domain.startswith(":")):
        raise BadRecord(f"'{name}{rest[:50]}' is no mechanism.")
    return Mechanism(
        result=result, name=name, domain=read_domain(domain[1:]) if domain else None, bits4=bits4, bits6=bits6
    )


def _network(rest: str, kind: type[IPv4Network | IPv6Network]) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(rest[1:], strict=False)
    except ValueError:
        network = None
    if not rest.startswith(":") or not isinstance(network, kind):
        raise BadRecord(f"'{rest[1:50]}' is no network.")
    return network
