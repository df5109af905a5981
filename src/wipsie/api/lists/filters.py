"""What a list can be filtered by. A filter names its parameters, and makes a condition of what was given for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Protocol

import msgspec
from msgspec import Meta
from sqlalchemy import ColumnElement

from wipsie.api.openapi import Parameter
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.ids import first_object_id

_MOMENT = Annotated[datetime, Meta(tz=True)]
VALUES_MAX = 50
CREATED_SLACK_MS = 60_000
"""An id and the time beside it are not taken from the clock at the very same moment."""
TEXT_CHARACTERS_MAX = 200


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a filter may depend on beside its parameters."""

    now_ms: int
    user_id: str | None = None
    """Who asks; what ``me`` means."""


class Filter(Protocol):
    """One way to narrow a list."""

    @property
    def name(self) -> str:
        """Of the filter; facets go by it."""
        ...

    @property
    def parameters(self) -> Sequence[Parameter]:
        """The query parameters it reads, described."""
        ...

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        """The condition of what was given for its parameters; None when nothing was. InvalidInput names the parameter."""
        ...


class Choice:
    """A column with a closed list of values: ``status=declared,investigating`` takes any of them. Can be a facet."""

    def __init__(
        self,
        name: str,
        column: ColumnElement[Any],
        values: Sequence[str],
        *,
        aliases: Mapping[str, Sequence[str]] | None = None,
        about: str = "",
    ) -> None:
        """`aliases`: other words for one or several values."""
        self.name = name
        self.column = column
        self.values = tuple(values)
        self._meaning = {value: (value,) for value in values} | {
            alias: tuple(meant) for alias, meant in (aliases or {}).items()
        }
        self.parameters = (
            Parameter(
                name=name,
                description=f"{about or 'Only these.'} One of {', '.join(self._meaning)}, or several with commas between.",
                example=values[0],
            ),
        )

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        del context
        if self.name not in given:
            return None
        words = _words(self.name, given[self.name])
        unknown = [word for word in words if word not in self._meaning]
        if unknown:
            raise InvalidInput(
                f"{self.name} knows no '{unknown[0]}'; it takes {', '.join(self._meaning)}.",
                details={"field": self.name, "accepted": list(self._meaning)},
            )
        return _any_of(self.column, [value for word in words for value in self._meaning[word]])


class Ids:
    """A column that holds ids: ``author=usr_…``, several with commas between; ``me`` is whoever asks, ``none`` is nobody."""

    def __init__(
        self, name: str, column: ColumnElement[Any], *, about: str, me: bool = False, none: bool = False
    ) -> None:
        self.name = name
        self._column = column
        self._me = me
        self._none = none
        words = (["me"] if me else []) + (["none"] if none else [])
        more = f" Also: {', '.join(words)}." if words else ""
        self.parameters = (Parameter(name=name, description=f"{about}{more}", example="me" if me else None),)

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        if self.name not in given:
            return None
        words = _words(self.name, given[self.name])
        ids = [word for word in words if not (self._none and word == "none")]
        if self._me and "me" in ids:
            ids = [context.user_id or "" if word == "me" else word for word in ids]
        if len(ids) == len(words):
            return _any_of(self._column, ids)
        nobody = self._column.is_(None)
        return nobody if not ids else nobody | _any_of(self._column, ids)


class TextIs:
    """A column with just this text."""

    def __init__(self, name: str, column: ColumnElement[Any], *, about: str, example: str | None = None) -> None:
        self.name = name
        self._column = column
        self.parameters = (Parameter(name=name, description=about, example=example),)

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        del context
        if self.name not in given:
            return None
        return self._column == _text(self.name, given[self.name])


class Moment:
    """A time in ms since the epoch: ``created_after`` (inclusive) and ``created_before`` (exclusive), in RFC 3339."""

    def __init__(self, name: str, column: ColumnElement[Any], *, about: str) -> None:
        """`name` without its ending, for example ``created``."""
        self.name = name
        self._column = column
        self._after, self._before = f"{name}_after", f"{name}_before"
        form = "A time with its zone, for example 2026-11-28T09:00:00Z."
        self.parameters = (
            Parameter(name=self._after, type=_MOMENT, description=f"{about} at or after this. {form}"),
            Parameter(name=self._before, type=_MOMENT, description=f"{about} before this. {form}"),
        )

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        del context
        after = _moment_ms(self._after, given)
        before = _moment_ms(self._before, given)
        if after is None and before is None:
            return None
        if after is None:
            return self._column < before
        if before is None:
            return self._column >= after
        return (self._column >= after) & (self._column < before)


class Created(Moment):
    """When records were made: a `Moment` that an index on their ids serves as well, which is the order of most lists."""

    def __init__(
        self, name: str, column: ColumnElement[Any], ids: ColumnElement[Any], prefix: str, *, about: str
    ) -> None:
        """`prefix` of the ids in the column `ids`, as `new_object_id` makes them."""
        super().__init__(name, column, about=about)
        self._ids = ids
        self._prefix = prefix

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        exact = super().condition(given, context)
        if exact is None:
            return None
        after, before = _moment_ms(self._after, given), _moment_ms(self._before, given)
        if after is not None:
            exact &= self._ids >= first_object_id(self._prefix, after - CREATED_SLACK_MS)
        if before is not None:
            exact &= self._ids < first_object_id(self._prefix, before + CREATED_SLACK_MS)
        return exact


class Days:
    """A column with a day as ISO text: ``for_date_from`` and ``for_date_to``, both inclusive."""

    def __init__(self, name: str, column: ColumnElement[Any], *, about: str) -> None:
        self.name = name
        self._column = column
        self._from, self._to = f"{name}_from", f"{name}_to"
        self.parameters = (
            Parameter(name=self._from, type=date, description=f"{about} on or after this day, for example 2026-11-28."),
            Parameter(name=self._to, type=date, description=f"{about} on or before this day."),
        )

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        del context
        first, last = _day(self._from, given), _day(self._to, given)
        if first is None and last is None:
            return None
        if first is None:
            return self._column <= last
        if last is None:
            return self._column >= first
        return self._column == first if first == last else (self._column >= first) & (self._column <= last)


class Flag:
    """``overdue=true`` takes those for which something holds, ``overdue=false`` the others."""

    def __init__(self, name: str, holds: Callable[[Context], ColumnElement[bool]], *, about: str) -> None:
        self.name = name
        self._holds = holds
        self.parameters = (Parameter(name=name, type=Literal["true", "false"], description=about),)

    def condition(self, given: Mapping[str, str], context: Context) -> ColumnElement[bool] | None:
        if self.name not in given:
            return None
        word = given[self.name].lower()
        if word not in ("true", "false"):
            raise InvalidInput(f"{self.name} is true or false.", details={"field": self.name})
        holds = self._holds(context)
        return holds if word == "true" else ~holds


def _words(name: str, text: str) -> list[str]:
    words = list(dict.fromkeys(word.strip() for word in text.split(",")))
    if len(words) > VALUES_MAX or not all(words):
        raise InvalidInput(
            f"{name} takes 1 to {VALUES_MAX} values with commas between, none of them empty.", details={"field": name}
        )
    return [_text(name, word) for word in words]


def _text(name: str, text: str) -> str:
    if not 0 < len(text) <= TEXT_CHARACTERS_MAX or not text.isprintable():
        raise InvalidInput(f"{name} takes 1 to {TEXT_CHARACTERS_MAX} printable characters.", details={"field": name})
    return text


def _any_of(column: ColumnElement[Any], values: Sequence[str]) -> ColumnElement[bool]:
    # One value as an equality: an index then serves the order of the list as well.
    return column == values[0] if len(values) == 1 else column.in_(values)


def _day(name: str, given: Mapping[str, str]) -> str | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        return msgspec.convert(text, date).isoformat()
    except (msgspec.ValidationError, ValueError):
        raise InvalidInput(f"{name} must be a day, for example 2026-11-28.", details={"field": name}) from None


def _moment_ms(name: str, given: Mapping[str, str]) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        # A plus that was not escaped arrives as a space.
        moment = msgspec.convert(text.replace(" ", "+"), datetime)
    except (msgspec.ValidationError, ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput(
            f"{name} must be a time with its zone, for example 2026-11-28T09:00:00Z.", details={"field": name}
        )
    return round(moment.timestamp() * 1000)
