"""Journeys: what people do with the vault, from their phone and back. One ward for all of a file, and a phone for each."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from ward import Ward, open_ward


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ward(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ward]:
    """A ward whose time the tests move."""
    async with open_ward(tmp_path_factory.mktemp("ward"), moves=True, VAULT_SEND_FILES="true") as opened:
        yield opened
