"""What an address is, and what it means for a column of addresses to be one, or to be at a domain."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement, or_

from wipsie.kernel.errors import InvalidInput

ADDRESS_CHARACTERS_MAX = 320
# Mails come from addresses no standard knows: this is what tells one from a name, and from nothing.
_ADDRESS = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s"<>]*)@[^\s"<>@]+')


def check_address(text: str, field: str) -> str:
    """An address, or a domain with @ in front, in lower case. InvalidInput, which names the field, for anything else."""
    wanted = text.strip().casefold()
    if len(wanted) > ADDRESS_CHARACTERS_MAX or not wanted.isprintable() or not _ADDRESS.fullmatch(wanted):
        raise InvalidInput(
            f"{field} takes an address such as ann@example.org, or a domain with @ in front.", details={"field": field}
        )
    return wanted


def is_address(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """The condition of rows with this address; with @ in front, with one at this domain or below it. Addresses are kept in
    lower case."""
    wanted = text.strip().casefold()
    if not wanted.startswith("@"):
        return column == wanted
    return or_(column.endswith(wanted, autoescape=True), column.endswith(f".{wanted[1:]}", autoescape=True))
