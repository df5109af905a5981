"""Lists over HTTP: one declaration says what a list can be filtered and sorted by; parsing, SQL, cursors, facets and the
description follow from it."""

from __future__ import annotations

from wipsie.api.lists.filters import Choice, Context, Created, Days, Filter, Flag, Ids, Moment, TextIs
from wipsie.api.lists.page import Page, PageInfo, Total
from wipsie.api.lists.reading import ListReader, Views, each
from wipsie.api.lists.spec import ListSpec, Sort, Wanted

__all__ = [
    "Choice",
    "Context",
    "Created",
    "Days",
    "Filter",
    "Flag",
    "Ids",
    "ListReader",
    "ListSpec",
    "Moment",
    "Page",
    "PageInfo",
    "Sort",
    "TextIs",
    "Total",
    "Views",
    "Wanted",
    "each",
]
