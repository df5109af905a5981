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


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_the_commands_about_incidents_work(office: Office, tmp_path: Path) -> None:
    blocks = _BLOCK.findall((PAGES / "incidents.md").read_text())
    assert len(blocks) > 5
    for block in blocks:
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-euo",
            "pipefail",
            "-c",
            block,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "WIPSIE_URL": office.url, "TOKEN": office["lea"].user_id},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, f"{block}\n{output.decode()}"
