"""Bad days: whatever can be away is away, and comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ward import Ward, open_ward


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    """A ward whose time the test moves."""
    async with open_ward(tmp_path, moves=True) as opened:
        yield opened
