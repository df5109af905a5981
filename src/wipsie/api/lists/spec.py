"""The declaration of a list, and what a request makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from msgspec import Meta
from sqlalchemy import ColumnElement
from starlette.requests import Request

from wipsie.api.lists.filters import Choice, Context, Filter
from wipsie.api.openapi import Parameter
from wipsie.api.parameters import integer, refuse_unknown
from wipsie.kernel.errors import InvalidInput

LIMIT_DEFAULT = 50
LIMIT_MAX = 100
_OWN_PARAMETERS = ("limit", "cursor", "sort", "facets", "include")


@dataclass(frozen=True, kw_only=True)
class Sort:
    """One order of a list. Records that are equal by it are ordered by id, in the same direction."""

    name: str
    column: ColumnElement[Any]
    """Never NULL: a place beside NULL cannot be found again."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a request asks of a list."""

    conditions: Mapping[str, ColumnElement[bool]]
    """By the name of their filter."""
    sort: Sort
    descending: bool
    limit: int
    cursor_text: str | None
    facets: Sequence[str]
    with_total: bool
    query: dict[str, str]
    """What a cursor is bound to."""
    path: str
    """With its query but the cursor, for links."""


@dataclass(frozen=True, kw_only=True)
class ListSpec:
    """A list: of which records, filtered and sorted by what."""

    name: str
    """For cursors: those of one list are not good for another."""
    columns: Sequence[ColumnElement[Any]]
    """What is read of each record."""
    id: ColumnElement[Any]
    filters: Sequence[Filter]
    sorts: Sequence[Sort]
    default_sort: str
    """Name of a sort, with - in front for the largest first."""

    @cached_property
    def facets(self) -> dict[str, Choice]:
        """What can be counted."""
        return {one.name: one for one in self.filters if isinstance(one, Choice)}

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """All query parameters, described."""
        orders = tuple(f"{sign}{sort.name}" for sort in self.sorts for sign in ("", "-"))
        found = [parameter for one in self.filters for parameter in one.parameters]
        found += [
            Parameter(
                name="sort",
                type=Literal[orders],
                default=self.default_sort,
                description="What the list is ordered by; - puts the largest first.",
            ),
            Parameter(
                name="limit",
                type=Annotated[int, Meta(ge=1, le=LIMIT_MAX)],
                default=LIMIT_DEFAULT,
                description="At most this many on a page.",
            ),
            Parameter(name="cursor", description="Of the page before, to go on from there."),
            Parameter(
                name="include", type=Literal["total"], description="total: also how many there are on all pages."
            ),
        ]
        if self.facets:
            names = ", ".join(self.facets)
            found.append(
                Parameter(
                    name="facets",
                    description=f"Also count by these: some of {names}, with commas between.",
                    example=next(iter(self.facets)),
                )
            )
        return tuple(found)

    def read(self, request: Request, context: Context) -> Wanted:
        """What a request asks for. InvalidInput for parameters that are unknown, repeated or wrong."""
        names = [parameter.name for parameter in self.parameters]
        refuse_unknown(request, *names)
        given: dict[str, str] = dict(request.query_params)
        if len(request.query_params.multi_items()) != len(given):
            raise InvalidInput("A query parameter is repeated; put several values into one, with commas between.")
        conditions: dict[str, ColumnElement[bool]] = {}
        for one in self.filters:
            condition = one.condition(given, context)
            if condition is not None:
                conditions[one.name] = condition
        sort, descending = self._sort(given.get("sort", self.default_sort))
        include = given.get("include")
        if include not in (None, "total"):
            raise InvalidInput("include knows only total.", details={"field": "include"})
        filters = {name: value for name, value in given.items() if name not in _OWN_PARAMETERS}
        return Wanted(
            conditions=conditions,
            sort=sort,
            descending=descending,
            limit=integer(request, "limit", default=LIMIT_DEFAULT, minimum=1, maximum=LIMIT_MAX),
            cursor_text=given.get("cursor"),
            facets=self._facets(given.get("facets")),
            with_total=include is not None,
            query={**filters, "": f"{self.name} {'-' if descending else ''}{sort.name}"},
            path=str(request.url.remove_query_params("cursor").replace(scheme="", netloc="")),
        )

    def _sort(self, text: str) -> tuple[Sort, bool]:
        descending = text.startswith("-")
        for sort in self.sorts:
            if sort.name == text.removeprefix("-"):
                return sort, descending
        known = ", ".join(sort.name for sort in self.sorts)
        raise InvalidInput(
            f"sort must be one of {known}, with - in front for the largest first.",
            details={"field": "sort", "accepted": [sort.name for sort in self.sorts]},
        )

    def _facets(self, text: str | None) -> list[str]:
        if text is None:
            return []
        names = list(dict.fromkeys(name.strip() for name in text.split(",")))
        if not set(names) <= set(self.facets):
            raise InvalidInput(
                f"facets must be some of {', '.join(self.facets)}, with commas between.",
                details={"field": "facets", "accepted": list(self.facets)},
            )
        return names
