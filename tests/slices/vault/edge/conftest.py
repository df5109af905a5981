"""The vault from outside: its webhook, what staff see, and what may be seen nowhere."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

# For the modules that tests share.
sys.path.insert(0, str(Path(__file__).parent))

from vault_office import VaultOffice

from wipsie.testing.office import open_office


@pytest.fixture
async def office(migrated_database_url: str, tmp_path: Path) -> AsyncIterator[VaultOffice]:
    async with open_office(migrated_database_url, tmp_path / "data") as opened:
        yield VaultOffice(opened, tmp_path / "work")
