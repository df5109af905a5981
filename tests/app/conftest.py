"""Parts on a temporary folder, migrated and started."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from wipsie.app.parts import Parts, build_parts
from wipsie.app.settings import Settings
from wipsie.database import migrator


@pytest.fixture(autouse=True)
def keep_umask() -> Iterator[None]:
    """Preparing a data folder sets the umask of the process."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({"WIPSIE_DATA_DIR": str(tmp_path / "data"), "API_PORT": "0"})


@pytest.fixture
async def parts(settings: Settings) -> AsyncIterator[Parts]:
    settings.data_dir.mkdir(mode=0o700)
    parts = build_parts(settings)
    await migrator.migrate(settings.database.url)
    await parts.database.start()
    await parts.engine.start()
    await parts.engine.declare([queue for one in parts.slices for queue in one.queues])
    yield parts
    for one in parts.slices:
        for stop in one.on_stop:
            await stop()
    await parts.cpu_pool.stop()
    await parts.engine.stop()
    await parts.database.stop()
