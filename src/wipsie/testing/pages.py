"""Runs the commands of a page of the documentation, as they stand there: whoever follows it would do just that."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

COMMAND_S_MAX = 30.0
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def run_commands(page: Path, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Run the blocks marked ``sh`` one after the other in `folder`, each in a shell that ends at the first error; what each
    printed. AssertionError with the block and its words when one fails. `environment` is all they have, PATH included."""
    printed: list[str] = []
    for block in _BLOCK.findall(await asyncio.to_thread(page.read_text, "utf-8")):
        process = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", block),
            cwd=folder,
            env=dict(environment),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), COMMAND_S_MAX)
        assert process.returncode == 0, f"{block}\n{output.decode()}"
        printed.append(output.decode())
    return printed
