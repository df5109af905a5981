"""The commands of docs/how-to/accounts.md work as they stand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from house import PASSWORD, House

from wipsie.testing.pages import run_commands

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "accounts.md"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_the_commands_of_the_page_work(house: House, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "WIPSIE_URL": house.url,
        "EMAIL": "ann@example.org",
        "PASSWORD": PASSWORD,
    }
    printed = await run_commands(PAGE, tmp_path, environment)
    assert len(printed) >= 2
    assert all('"Ann"' in output for output in printed)
