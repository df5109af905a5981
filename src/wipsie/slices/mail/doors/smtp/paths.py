"""The arguments of MAIL and RCPT: an address and parameters (RFC 5321, 4.1.2), and the word of a client that greets."""

from __future__ import annotations

import re

import msgspec

from wipsie.kernel.mail_address import ADDRESS_LENGTH_MAX

HELO_LENGTH_MAX = 255
# Forgiving where addresses in use are: dots in a row, underscores in names of hosts, letters of all scripts. No part can
# match what the next one matches, so that no text makes the search slow.
_ATOMS = r"[^\s\"(),:;<>@\[\\\]]+"
_QUOTED = r"\"(?:[^\"\\]|\\.)*\""
_DOMAIN = r"[^\W_](?:[\w.-]*\w)?"
_LITERAL = r"\[[0-9A-Za-z:.]+\]"
_ADDRESS = re.compile(rf"(?:{_ATOMS}|{_QUOTED})@(?P<domain>{_DOMAIN}|{_LITERAL})")
_IN_BRACKETS = re.compile(r"<(?:@[^\s:<>\"]*:)?(?P<address>(?:[^\s<>\"]|\"(?:[^\"\\]|\\.)*\")*)>(?P<rest>.*)")
"""With the route that RFC 5321, appendix C, wants ignored."""
_BARE = re.compile(r"(?P<address>[^\s<>\"]+)(?P<rest>.*)")
_PARAMETER = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[^\s=]+))?")
_POSTMASTER = "postmaster"
"""The one name that needs no domain (RFC 5321, 4.5.1)."""


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """An address on an envelope, and what was said beside it."""

    address: str
    """Empty: the sender of bounces."""
    domain: str
    """Empty for that, and for a postmaster without one."""
    parameters: dict[str, str | None]
    """By their names in upper case."""


class BadAddress(Exception):
    """What stands there is no address."""


class BadSyntax(Exception):
    """The command is not formed as it must be."""


def read_sender(argument: str) -> Path:
    """Of ``MAIL``: ``FROM:<ann@example.org> SIZE=200``. BadSyntax, BadAddress."""
    return _read(argument, "FROM:")


def read_recipient(argument: str) -> Path:
    """Of ``RCPT``: ``TO:<ann@example.org>``. BadSyntax, BadAddress."""
    path = _read(argument, "TO:")
    if not path.address:
        raise BadAddress
    return path


def read_helo(argument: str) -> str | None:
    """The name a client greets with, whatever it means; None when there is none, or none that could be shown."""
    name = argument.strip()
    return name if name and len(name) <= HELO_LENGTH_MAX and name.isprintable() else None


def _read(argument: str, keyword: str) -> Path:
    if argument[: len(keyword)].upper() != keyword:
        raise BadSyntax
    text = argument[len(keyword) :].strip()
    match = (_IN_BRACKETS if text.startswith("<") else _BARE).fullmatch(text)
    if match is None:
        raise BadAddress if text else BadSyntax
    address, rest = match["address"], match["rest"]
    return Path(address=address, domain=_domain_of(address), parameters=_parameters(rest))


def _domain_of(address: str) -> str:
    if not address or address.lower() == _POSTMASTER:
        return ""
    match = _ADDRESS.fullmatch(address)
    if match is None or len(address) > ADDRESS_LENGTH_MAX or not address.isprintable():
        raise BadAddress
    return match["domain"]


def _parameters(rest: str) -> dict[str, str | None]:
    if rest and not rest[0].isspace():
        raise BadSyntax
    found: dict[str, str | None] = {}
    for word in rest.split():
        match = _PARAMETER.fullmatch(word)
        if match is None or match["name"].upper() in found:
            raise BadSyntax
        found[match["name"].upper()] = match["value"]
    return found
