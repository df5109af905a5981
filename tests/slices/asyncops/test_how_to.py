"""Promises of the how-to pages: their commands work as they stand, one after the other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wipsie.testing.pages import run_commands

if TYPE_CHECKING:
    from wipsie.testing.office import Office

PAGES = Path(__file__).parents[3] / "docs" / "how-to"
RECORD = "# Use SQLite\n\n## Status\n\nProposed\n\n## Decision\n\nIt is there already.\n"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("page", "blocks_min"), [("incidents.md", 6), ("decisions.md", 3)])
async def test_the_commands_of_a_page_work(office: Office, tmp_path: Path, page: str, blocks_min: int) -> None:
    (tmp_path / "0007-use-sqlite.md").write_text(RECORD)
    environment = {"PATH": os.environ["PATH"], "WIPSIE_URL": office.url, "TOKEN": await office["lea"].badge.token()}
    assert len(await run_commands(PAGES / page, tmp_path, environment)) >= blocks_min
