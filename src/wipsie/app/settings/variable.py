"""How a setting is declared and read: one field, one variable, one sentence that says what it accepts.

Sections are frozen dataclasses whose fields are made by `variable`. They are read from a mapping, so nothing but
`wipsie.app.settings.load` needs to know where values come from. The standard library is enough for that, and a settings
library would cost a quarter of the start-up time.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

from wipsie.kernel.errors import ConfigurationError

Value = TypeVar("Value")
SectionT = TypeVar("SectionT", bound="Section")

_KEY = "wipsie_variable"
_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^/\s]+(?=@)")
"""In a URL: between the user's name and the last @ before the path, whatever was left unescaped in it."""
_MASKED = r"\1***"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variable:
    """One setting as people see it."""

    name: str
    """Name in the environment."""
    also: tuple[str, ...]
    """Other names that are read when the first is not set."""
    parse: Callable[[str], Any]
    about: str
    accepts: str
    default: str
    """The default as one would write it."""
    secret: bool


def variable(
    name: str,
    parse: Callable[[str], Value],
    default: Value,
    *,
    about: str,
    accepts: str,
    written: str | None = None,
    also: tuple[str, ...] = (),
    secret: bool = False,
) -> Value:
    """A field of a `Section`. `parse` raises ValueError; `accepts` ends the sentence "NAME must be …"; `written` is the
    default as one would write it, when that is not simply its text."""
    shown = written if written is not None else "" if default is None else str(default)
    declared = Variable(name=name, also=also, parse=parse, about=about, accepts=accepts, default=shown, secret=secret)
    return cast(Value, dataclasses.field(default=default, metadata={_KEY: declared}))


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Section:
    """Settings of one room. Its text form never shows a secret."""

    @classmethod
    def variables(cls) -> Iterator[tuple[str, Variable]]:
        """(field, variable) in order of declaration."""
        for field in dataclasses.fields(cls):
            if _KEY in field.metadata:
                yield field.name, field.metadata[_KEY]

    @classmethod
    def read(cls: type[SectionT], values: Mapping[str, str]) -> SectionT:
        """The section from named values; an empty value counts as not set. ConfigurationError names the variable."""
        found: dict[str, Any] = {}
        for field, declared in cls.variables():
            for name in (declared.name, *declared.also):
                if text := values.get(name, "").strip():
                    found[field] = _parse(declared, name, text)
                    break
        return cls(**found)

    def shown(self) -> dict[str, str]:
        """Variable name to value, as it may be printed: secrets and passwords are masked."""
        values: dict[str, str] = {}
        for field, declared in self.variables():
            value = getattr(self, field)
            if declared.secret:
                values[declared.name] = "***" if value else ""
            else:
                text = (
                    ""
                    if value is None
                    else ",".join(map(str, cast("tuple[Any, ...]", value)))
                    if isinstance(value, tuple)
                    else str(value)
                )
                values[declared.name] = _PASSWORD.sub(_MASKED, text)
        return values

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self.shown().items())
        return f"{type(self).__name__}({inside})"


def _parse(declared: Variable, name: str, text: str) -> Any:
    try:
        return declared.parse(text)
    except ValueError:
        given = "has a value that cannot be used" if declared.secret else f"is '{_PASSWORD.sub(_MASKED, text)[:100]}'"
        raise ConfigurationError(
            f"{name} {given}; it must be {declared.accepts}.", details={"setting": name, "accepts": declared.accepts}
        ) from None
