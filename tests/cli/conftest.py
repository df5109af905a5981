"""The command line in this process: fast, with a data folder of its own and no settings of the developer."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from wipsie.app.settings.settings import all_variables
from wipsie.cli.main import app

Wipsie = Callable[..., Result]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def wipsie(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wipsie]:
    """Run `wipsie <arguments>`; errors of Wipsie are raised."""
    before = os.umask(0o022)
    os.umask(before)
    for declared in all_variables():
        for name in (declared.name, *declared.also):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WIPSIE_DATA_DIR", str(data_dir))
    monkeypatch.setenv("API_PORT", "0")
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()

    def run(*arguments: str, input: str | None = None) -> Result:  # noqa: A002 - the runner's name
        return runner.invoke(app, arguments, input=input, catch_exceptions=False)

    yield run
    os.umask(before)
    logging.captureWarnings(False)


@pytest.fixture
def wipsie_json(wipsie: Wipsie) -> Callable[..., Any]:
    """Run with --json and give what was printed."""

    def run(*arguments: str, input: str | None = None) -> Any:  # noqa: A002 - the runner's name
        result = wipsie(*arguments, "--json", input=input)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run
