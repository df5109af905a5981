"""Reading a part of an event as a type, with an error that names the event and the field."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from wipsie.api.json_body import invalid_field
from wipsie.kernel.errors import InvalidInput

Target = TypeVar("Target")


def typed(value: Any, kind: type[Target], event: str) -> Target:
    """`value` as `kind`; texts are taken for numbers where a number is wanted. InvalidInput names `event` and the field."""
    try:
        return msgspec.convert(value, type=kind, strict=False)
    except msgspec.ValidationError as error:
        found = invalid_field(error)
        raise InvalidInput(
            f"This {event} is not as Amazon sends them. {found.message}", details=found.details
        ) from None
