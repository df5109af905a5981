"""Values of foreign JSON, taken as they may be meant: Meta writes numbers as texts, leaves members out, and adds new ones.

Nothing here raises. What is not of the wanted form is None, or empty.
"""

from __future__ import annotations

import json as plain_json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from wipsie.kernel import json

TEXT_CHARACTERS_MAX = 16_384
ID_CHARACTERS_MAX = 512
_DIGITS_MAX = 18
_ID = re.compile(rf"[\x21-\x7e]{{1,{ID_CHARACTERS_MAX}}}")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_WHOLE = re.compile(rf"-?[0-9]{{1,{_DIGITS_MAX}}}")

Members = Mapping[str, object]


class NotJson(Exception):
    """The bytes are no JSON; says why, without quoting them."""


def decoded(body: bytes) -> object:
    """The value of JSON bytes. Halves of surrogate pairs, bytes that are no UTF-8 and numbers beyond all bounds spoil their own
    value alone, not the body around them. NotJson for the rest."""
    try:
        return cast("object", json.decode(body))
    except RecursionError:
        raise NotJson("nested too deeply") from None
    except (msgspec.DecodeError, UnicodeError):
        pass
    try:
        text = body.decode("utf-8-sig", "replace")
        return cast("object", plain_json.loads(text, parse_int=_whole_number, parse_constant=_no_number))
    except RecursionError:
        raise NotJson("nested too deeply") from None
    except ValueError as error:
        # Of a JSONDecodeError only the kind and place: its text quotes nothing, its `doc` does.
        raise NotJson(f"{getattr(error, 'msg', 'no JSON')} at character {getattr(error, 'pos', 0)}") from None


def members_or_none(value: object) -> Members | None:
    """An object's members; None for anything else."""
    return cast("Members", value) if isinstance(value, dict) else None


def members(value: object) -> Members:
    """An object's members; none of anything else."""
    return members_or_none(value) or {}


def items(value: object) -> Sequence[object]:
    """An array's items; none of anything else."""
    return cast("Sequence[object]", value) if isinstance(value, list) else ()


def text_of(value: object, characters_max: int = TEXT_CHARACTERS_MAX) -> str | None:
    """A text, cut, with what no database takes replaced; empty texts stay."""
    return _UNSTORABLE.sub("\ufffd", value[:characters_max]) if isinstance(value, str) else None


def id_of(value: object) -> str | None:
    """An identifier: ASCII without blanks, at most `ID_CHARACTERS_MAX`. A number is taken as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**_DIGITS_MAX else ""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def whole_of(value: object) -> int | None:
    """A whole number, also when it is written as text or with a point."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 10**_DIGITS_MAX else None
    return value if isinstance(value, int) and abs(value) < 10**_DIGITS_MAX else None


def number_of(value: object) -> float | None:
    """A finite number, also when it is written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None


def seconds_of(value: object) -> int | None:
    """A moment in seconds since 1970; milliseconds are told by their size."""
    moment = whole_of(value)
    if moment is None or moment <= 0:
        return None
    if moment >= 10**11:
        moment //= 1000
    return moment if moment < 10**11 else None


def _whole_number(digits: str) -> Any:
    return int(digits) if len(digits) <= 2 * _DIGITS_MAX else None


def _no_number(_: str) -> Any:
    return None
