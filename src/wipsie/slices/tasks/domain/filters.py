"""The filter language of polling and processing: ``{field: value}`` or ``{field: {"op": ..., "value": ...}}``.

All conditions must hold. A plain value means equality; a list of conditions on one field means all of them. Operators:
``eq ne gt gte lt lte in contains``. `contains` looks for text in text (ignoring case) or for a member of a list. A missing
field is null; null is equal to null only and no order holds with it, nor between a number and a text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from wipsie.kernel.errors import InvalidInput

OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "in", "contains")
CONDITIONS_MAX = 50


class Condition(msgspec.Struct, frozen=True):
    """One rule about one field."""

    field: str
    operator: str
    value: Any


def parse_conditions(filters: Mapping[str, Any] | None) -> tuple[Condition, ...]:
    """Conditions of a written filter. InvalidInput names the field and the known operators."""
    conditions: list[Condition] = []
    for field, rule in (filters or {}).items():
        rules: list[Any] = cast("list[Any]", rule) if isinstance(rule, list) else [rule]
        conditions.extend(_parse_rule(field, single) for single in rules)
    if len(conditions) > CONDITIONS_MAX:
        raise InvalidInput(
            f"A filter has at most {CONDITIONS_MAX} conditions; this one has {len(conditions)}.",
            details={"field": "filters"},
        )
    return tuple(conditions)


def _parse_rule(field: str, rule: Any) -> Condition:
    if not isinstance(rule, dict):
        return Condition(field, "eq", rule)
    written = cast("dict[str, Any]", rule)
    unknown = sorted(set(written) - {"op", "value"})
    if unknown or "value" not in written:
        raise InvalidInput(
            f'The filter on \'{field}\' must be a plain value or {{"op": ..., "value": ...}}.',
            details={"field": f"filters.{field}", "unknown": unknown},
        )
    operator = written.get("op", "eq")
    if operator not in OPERATORS:
        raise InvalidInput(
            f"The filter on '{field}' uses the unknown operator '{operator}'; known are {', '.join(OPERATORS)}.",
            details={"field": f"filters.{field}", "known": list(OPERATORS)},
        )
    if operator == "in" and not isinstance(written["value"], list):
        raise InvalidInput(
            f"The filter on '{field}' needs a list as the value of 'in'.", details={"field": f"filters.{field}"}
        )
    return Condition(field, operator, written["value"])


def matches(item: Any, conditions: Sequence[Condition]) -> bool:
    """Whether an item passes all conditions; an item that is not an object has the one field ``value``."""
    fields: Mapping[str, Any] = cast("dict[str, Any]", item) if isinstance(item, dict) else {"value": item}
    return all(_holds(fields.get(condition.field), condition) for condition in conditions)


def _holds(actual: Any, condition: Condition) -> bool:
    expected = condition.value
    match condition.operator:
        case "eq":
            return _equal(actual, expected)
        case "ne":
            return not _equal(actual, expected)
        case "in":
            return any(_equal(actual, one) for one in expected)
        case "contains":
            if isinstance(actual, str):
                return str(expected).lower() in actual.lower()
            return isinstance(actual, list) and any(_equal(one, expected) for one in cast("list[Any]", actual))
        case _:
            return _ordered(actual, condition.operator, expected)


def _equal(left: Any, right: Any) -> bool:
    # JSON tells true from 1; Python does not.
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


def _ordered(left: Any, operator: str, right: Any) -> bool:
    numbers = _is_number(left) and _is_number(right)
    if not numbers and not (isinstance(left, str) and isinstance(right, str)):
        return False
    match operator:
        case "gt":
            return left > right
        case "gte":
            return left >= right
        case "lt":
            return left < right
        case _:
            return left <= right


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
