"""Query parameters of routes: typed, bounded, and refused with a sentence that names them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request

from wipsie.kernel.errors import InvalidInput

Number = TypeVar("Number", int, float)


def refuse_unknown(request: Request, *known: str) -> None:
    """InvalidInput for a parameter nobody reads: a misspelt one would silently do nothing."""
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        raise InvalidInput(
            f"The query parameter '{unknown[0][:50]}' is unknown; known are {', '.join(known)}.",
            details={"field": unknown[0][:50], "known": list(known)},
        )


def required_text(request: Request, name: str, *, length_max: int) -> str:
    """A text that must be there. InvalidInput otherwise."""
    text = optional_text(request, name, length_max=length_max)
    if text is None:
        raise InvalidInput(
            f"The query parameter '{name}' is required.", details={"field": name, "problem": "is required"}
        )
    return text


def optional_text(request: Request, name: str, *, length_max: int) -> str | None:
    """A text or None; InvalidInput when it is longer than `length_max`."""
    text = request.query_params.get(name)
    if text is not None and not 0 < len(text) <= length_max:
        raise InvalidInput(
            f"The query parameter '{name}' must have 1 to {length_max} characters.",
            details={"field": name, "problem": "length"},
        )
    return text


def integer(request: Request, name: str, *, default: int, minimum: int, maximum: int) -> int:
    """A whole number in its bounds. InvalidInput otherwise."""
    found = _number(request, name, int, minimum, maximum, "a whole number")
    return default if found is None else found


def number(request: Request, name: str, *, minimum: float, maximum: float) -> float | None:
    """A number in its bounds, None when it is not given. InvalidInput otherwise."""
    return _number(request, name, float, minimum, maximum, "a number")


def _number(
    request: Request, name: str, kind: Callable[[str], Number], minimum: float, maximum: float, words: str
) -> Number | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        # Longer than any number in bounds, and Python would take its time.
        value = kind(text) if len(text) <= 30 else None
    except ValueError:
        value = None
    if value is None or not math.isfinite(value) or not minimum <= value <= maximum:
        raise InvalidInput(
            f"{name} must be {words} from {minimum:g} to {maximum:g}.",
            details={"field": name, "minimum": minimum, "maximum": maximum, "value": text[:50]},
        )
    return value
