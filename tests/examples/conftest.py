"""A Wipsie to run the examples against, and the examples as people run them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from wipsie.app.application import Application
from wipsie.app.parts import Parts, build_parts
from wipsie.app.settings import Settings
from wipsie.testing.served import served

EXAMPLES = Path(__file__).parents[2] / "examples"
_END_S_MAX = 45.0


@dataclass(frozen=True)
class Ran:
    """An example that has ended."""

    code: int
    output: str
    errors: str


RunExample = Callable[..., Awaitable[Ran]]


@pytest.fixture
async def parts(tmp_path: Path, migrated_database_url: str) -> AsyncIterator[Parts]:
    settings = Settings.read({"WIPSIE_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": migrated_database_url})
    settings.data_dir.mkdir(mode=0o700)
    parts = build_parts(settings)
    await parts.database.start()
    await parts.engine.start()
    await parts.engine.declare([queue for one in parts.slices for queue in one.queues])
    yield parts
    await parts.engine.stop()
    await parts.database.stop()


@pytest.fixture
async def wipsie_url(parts: Parts) -> AsyncIterator[str]:
    """Where it answers, open to this machine."""
    async with served(Application(parts, ("api",)).build_api()) as url:
        yield url


@pytest.fixture
async def closed_url(parts: Parts) -> AsyncIterator[str]:
    """The same as others reach it: who has no key is refused."""
    async with served(Application(parts, ("api",)).build_api(loopback_only=False)) as url:
        yield url


@pytest.fixture
def run_example(tmp_path: Path) -> RunExample:
    """`await run_example("name.py", "--option", credentials=False)`."""

    async def run(name: str, *arguments: str, credentials: bool = True) -> Ran:
        environment = {
            "PATH": os.defpath,
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if credentials:
            environment |= {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "thing"}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "error",
            str(EXAMPLES / name),
            *arguments,
            env=environment,
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_END_S_MAX):
                output, errors = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        return Ran(process.returncode or 0, output.decode(), errors.decode())

    return run
