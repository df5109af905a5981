"""Rules at work: the archive of a desk with an engine of rules in it, queues for what they send, and the API."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from rule_hall import Hall

from wipsie.testing.clock import FakeClock

OpenHall = Callable[..., Awaitable[Hall]]


@pytest.fixture
async def open_hall(open_desk: Callable[..., Awaitable[Any]]) -> AsyncIterator[OpenHall]:
    """`await open_hall(clock=…)`."""
    async with AsyncExitStack() as stack:

        async def open_one(**options: Any) -> Hall:
            hall = Hall(await open_desk(**options), stack)
            await hall.open()
            return hall

        yield open_one


@pytest.fixture
async def hall(open_hall: OpenHall) -> Hall:
    """One whose time the test moves."""
    return await open_hall(clock=FakeClock())
