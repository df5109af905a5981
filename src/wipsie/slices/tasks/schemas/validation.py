"""msgspec's refusals as Wipsie's: the field by its path and a sentence a person can act on."""

from __future__ import annotations

import re
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from wipsie.kernel.errors import InvalidInput, InvalidJson

Target = TypeVar("Target")
_UNTIL_PATH = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<in_key>key in )?\$(?P<path>.*)`)?$", re.DOTALL)


def refusal(error: msgspec.ValidationError, root: str = "", kind: Any = None) -> InvalidInput:
    """InvalidInput with details ``{"field", "reason"}``; `root` is what the path starts at, for example ``message.data``."""
    found = _UNTIL_PATH.match(str(error))
    reason = found["reason"] if found else str(error)
    path = ((found["path"] or "") if found else "").lstrip(".")
    missing = re.fullmatch(r"Object missing required field `(.+)`", reason)
    if missing:
        path = f"{path}.{missing[1]}".lstrip(".")
        reason = "is required"
    if reason.startswith("Invalid enum value") and (accepted := _accepted(kind, path)):
        reason = f"{reason}; known are {', '.join(accepted)}"
    field = ".".join(part for part in (root, path) if part)
    plain = reason.replace("`", "")
    sentence = f"{field} {plain}." if missing else f"{field or 'The request body'}: {plain}."
    return InvalidInput(sentence, details={"field": field, "reason": plain})


def _accepted(kind: Any, field: str) -> tuple[str, ...]:
    """The values a field of the Struct `kind` may have, when it has a closed list of them."""
    if not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
        return ()
    annotation: Any = get_type_hints(kind).get(field)
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def convert(value: Any, kind: type[Target], root: str) -> Target:
    """`value` as `kind`. InvalidInput names the field."""
    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError as error:
        raise refusal(error, root, kind) from None


def decode(decoder: msgspec.json.Decoder[Target], content: bytes) -> Target:
    """A request body. InvalidJson when it is no JSON, InvalidInput when a field is missing or wrong."""
    try:
        return decoder.decode(content)
    except msgspec.ValidationError as error:
        raise refusal(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidJson(
            f"The request body is not valid JSON: {error}", details={"reason": str(error), "bytes": len(content)}
        ) from None
