"""E-mail addresses: one whole address or none, and one form for comparisons."""

from __future__ import annotations

import re
from email.errors import HeaderParseError, NonASCIILocalPartDefect
from email.headerregistry import Address, HeaderRegistry
from typing import Any

from wipsie.kernel.errors import InvalidInput

ADDRESS_LENGTH_MAX = 254
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def parse_address(text: str, field: str) -> Address:
    """One address, with or without a name: ``ann@example.org`` or ``Ann <ann@example.org>``. InvalidInput otherwise."""
    refuse_control(text, field)
    try:
        parsed: Any = HeaderRegistry()("to", text)
        # Parsing is forgiving by design; only a text that is nothing but one whole address is accepted.
        flawed = any(not isinstance(defect, NonASCIILocalPartDefect) for defect in parsed.defects)
        groups, addresses = parsed.groups, parsed.addresses
    except (HeaderParseError, ValueError, IndexError):
        raise _bad_address(text, field) from None
    if flawed or len(groups) != 1 or groups[0].display_name is not None or len(addresses) != 1:
        raise _bad_address(text, field)
    address: Address = addresses[0]
    if len(address.addr_spec) > ADDRESS_LENGTH_MAX or not address.username or not _DOMAIN.fullmatch(address.domain):
        raise _bad_address(text, field)
    return address


def refuse_control(text: str, field: str) -> None:
    """InvalidInput for a text that a mail header cannot hold: with a line break it would begin another header."""
    if _CONTROL.search(text):
        raise InvalidInput(
            f"{field} holds a line break or another control character; a mail header cannot.", details={"field": field}
        )


def _bad_address(text: str, field: str) -> InvalidInput:
    return InvalidInput(
        f"{field} is not one e-mail address, such as ann@example.org or 'Ann <ann@example.org>'.",
        details={"field": field, "length": len(text)},
    )
