"""Reading what the application sent, field by field, with Meta's codes for what is missing or wrong."""

from __future__ import annotations

from typing import Any, cast

from wipsie.testing.simulators.whatsapp.graph.errors import GraphError


def missing(path: str) -> GraphError:
    return GraphError(131008, f"The parameter {path} is required.")


def invalid(path: str, why: str) -> GraphError:
    return GraphError(131009, f"{path}: {why}")


class Fields:
    """An object of the request, with the path that led to it. Absent and null are the same."""

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            raise GraphError(100, f"Param {path or 'body'} must be a JSON object.")
        self.raw = cast("dict[str, Any]", value)
        self.path = path

    def where(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        return self.raw.get(name) is not None

    def object(self, name: str) -> Fields:
        """131008 when it is absent."""
        if not self.has(name):
            raise missing(self.where(name))
        return Fields(self.raw[name], self.where(name))

    def optional_object(self, name: str) -> Fields | None:
        return self.object(name) if self.has(name) else None

    def objects(self, name: str, *, least: int = 0, most: int | None = None) -> list[Fields]:
        """A list of objects. 131008 when it is absent though one is wanted, 131009 when there are too few or too many."""
        value = self.raw.get(name)
        if value is None:
            if least:
                raise missing(self.where(name))
            return []
        if not isinstance(value, list):
            raise GraphError(100, f"Param {self.where(name)} must be an array.")
        items = cast("list[Any]", value)
        if len(items) < least or (most is not None and len(items) > most):
            raise invalid(self.where(name), f"{len(items)} given, allowed are {least} to {most}.")
        return [Fields(item, f"{self.where(name)}[{index}]") for index, item in enumerate(items)]

    def text(self, name: str, *, most: int | None = None) -> str:
        """Not empty. 131008 when it is absent, 131009 when it is empty or too long (in characters)."""
        value = self.raw.get(name)
        if value is None:
            raise missing(self.where(name))
        if not isinstance(value, str):
            raise GraphError(100, f"Param {self.where(name)} must be a string.")
        if not value.strip():
            raise invalid(self.where(name), "must not be empty.")
        if most is not None and len(value) > most:
            raise invalid(self.where(name), f"has {len(value)} characters, at most {most} are allowed.")
        return value

    def optional_text(self, name: str, *, most: int | None = None) -> str | None:
        """None when it is absent or empty."""
        value = self.raw.get(name)
        if value is None or value == "":
            return None
        return self.text(name, most=most)

    def number(self, name: str, *, least: float, most: float) -> float:
        """Numbers in strings are taken too."""
        value = self.raw.get(name)
        if value is None:
            raise missing(self.where(name))
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise GraphError(100, f"Param {self.where(name)} must be a number.")
        try:
            parsed = float(value)
        except ValueError:
            raise GraphError(100, f"Param {self.where(name)} must be a number.") from None
        if not least <= parsed <= most:
            raise invalid(self.where(name), f"must lie between {least:g} and {most:g}.")
        return parsed

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.raw.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise GraphError(100, f"Param {self.where(name)} must be a boolean.")
        return value

    def is_one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name)
        if value not in allowed:
            raise invalid(self.where(name), f"{value!r} is not one of {', '.join(allowed)}.")
        return value
