"""Promises of the how-to pages: their commands work as they stand, one after the other."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from office import Office

PAGES = Path(__file__).parents[3] / "docs" / "how-to"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


RECORD = "# Use SQLite\n\n## Status\n\nProposed\n\n## Decision\n\nIt is there already.\n"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("page", "blocks_min"), [("incidents.md", 6), ("decisions.md", 3)])
async def test_the_commands_of_a_page_work(office: Office, tmp_path: Path, page: str, blocks_min: int) -> None:
    blocks = _BLOCK.findall((PAGES / page).read_text())
    assert len(blocks) >= blocks_min
    (tmp_path / "0007-use-sqlite.md").write_text(RECORD)
    for block in blocks:
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-euo",
            "pipefail",
            "-c",
            block,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "WIPSIE_URL": office.url, "TOKEN": await office["lea"].badge.token()},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, f"{block}\n{output.decode()}"
