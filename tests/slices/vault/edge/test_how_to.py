"""The commands of docs/how-to/report-vault.md work as they stand."""

from __future__ import annotations

import os
from pathlib import Path

from wipsie.testing.office import open_office
from wipsie.testing.pages import run_commands

PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "report-vault.md"


async def test_the_commands_of_the_page_work(migrated_database_url: str, tmp_path: Path) -> None:
    async with open_office(migrated_database_url, tmp_path / "data") as office:
        environment = {
            "PATH": os.environ["PATH"],
            "WIPSIE_URL": office.url,
            "TOKEN": await office["ada"].badge.token(),
        }
        printed = await run_commands(PAGE, tmp_path, environment)
    assert len(printed) >= 1
    assert '"data":[]' in printed[0]
