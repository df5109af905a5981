"""Values of options that several commands take, read with the option's name in the refusal."""

from __future__ import annotations

from typing import Any

from wipsie.kernel.errors import InvalidInput


def json_object(text: str, option: str) -> dict[str, Any]:
    """A JSON object. InvalidInput names the option."""
    import msgspec

    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise InvalidInput(f"{option} must be a JSON object, for example '{{\"data\": {{}}}}': {error}") from None


def duration_s(text: str, option: str) -> float:
    """Seconds of a duration such as 90s, 5m or 2h. InvalidInput names the option."""
    from wipsie.kernel.durations import parse_duration_s

    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise InvalidInput(f"{option}: {error}", details={"field": option}) from None
