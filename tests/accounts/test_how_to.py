"""The commands of docs/how-to/accounts.md work as they stand."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest
from house import PASSWORD, House

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "accounts.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_the_commands_of_the_page_work(house: House, tmp_path: Path) -> None:
    blocks = _BLOCK.findall(await asyncio.to_thread(PAGE.read_text, "utf-8"))
    assert len(blocks) >= 2
    environment = {
        "PATH": os.environ["PATH"],
        "WIPSIE_URL": house.url,
        "EMAIL": "ann@example.org",
        "PASSWORD": PASSWORD,
    }
    for block in blocks:
        process = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", block),
            cwd=tmp_path,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, f"{block}\n{output.decode()}"
        assert '"Ann"' in output.decode()
