"""Long lists in portions: a statement takes tens of thousands of parameters and no more, and a transaction should be short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Value = TypeVar("Value")
PORTION_MAX = 500


def portions(values: Sequence[Value], size: int = PORTION_MAX) -> Iterator[Sequence[Value]]:
    """The values in order, up to `size` at a time; nothing for none."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
