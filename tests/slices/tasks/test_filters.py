"""The filter language means the same for polled items and for tables."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from wipsie.kernel.errors import InvalidInput
from wipsie.slices.tasks.domain.filters import matches, parse_conditions
from wipsie.slices.tasks.domain.tables.selection import filter_rows

ITEMS: list[dict[str, Any]] = [
    {"n": 1, "text": "Ann", "flag": True},
    {"n": 2, "text": "bob", "flag": False},
    {"n": None, "text": None, "flag": None},
    {"n": 4, "text": "Anna", "flag": True},
]


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({}, [0, 1, 2, 3]),
        ({"n": 2}, [1]),
        ({"n": None}, [2]),
        ({"n": {"op": "ne", "value": 2}}, [0, 2, 3]),
        ({"n": {"op": "ne", "value": None}}, [0, 1, 3]),
        ({"n": {"op": "gt", "value": 1}}, [1, 3]),
        ({"n": {"op": "gte", "value": 2}}, [1, 3]),
        ({"n": {"op": "lt", "value": 2}}, [0]),
        ({"n": {"op": "lte", "value": 2.5}}, [0, 1]),
        ({"n": {"op": "in", "value": [1, 4, None]}}, [0, 2, 3]),
        ({"text": {"op": "contains", "value": "AN"}}, [0, 3]),
        ({"text": {"op": "gt", "value": "Ann"}}, [1, 3]),
        ({"flag": True}, [0, 3]),
        ({"flag": True, "n": {"op": "gt", "value": 1}}, [3]),
        ({"n": [{"op": "gt", "value": 1}, {"op": "lt", "value": 4}]}, [1]),
    ],
)
def test_items_and_tables_are_filtered_alike(filters: dict[str, Any], kept: list[int]) -> None:
    conditions = parse_conditions(filters)
    expected = [ITEMS[index] for index in kept]
    assert [item for item in ITEMS if matches(item, conditions)] == expected
    assert filter_rows(pl.DataFrame(ITEMS), filters).to_dicts() == expected


def test_a_missing_field_of_an_item_is_null() -> None:
    assert matches({}, parse_conditions({"a": None}))
    assert not matches({}, parse_conditions({"a": {"op": "gt", "value": 0}}))


def test_true_is_not_one() -> None:
    assert not matches({"a": True}, parse_conditions({"a": 1}))
    assert not matches({"a": "5"}, parse_conditions({"a": {"op": "gt", "value": 1}}))


@pytest.mark.parametrize(
    "filters",
    [
        {"a": {"op": "like", "value": 1}},
        {"a": {"value": 1, "extra": 2}},
        {"a": {"op": "gt"}},
        {"a": {"op": "in", "value": 1}},
        {"a": [1] * 51},
    ],
)
def test_a_filter_that_means_nothing_is_refused(filters: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_conditions(filters)
    assert "field" in refusal.value.details
