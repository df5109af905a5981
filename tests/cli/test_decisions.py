"""`wipsie decisions …`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from wipsie.kernel.errors import InvalidInput

Wipsie = Callable[..., Result]
WipsieJson = Callable[..., Any]


@pytest.fixture
def records(tmp_path: Path) -> Path:
    folder = tmp_path / "adr"
    (folder / "old").mkdir(parents=True)
    (folder / "README.md").write_text("# Decisions\n")
    (folder / "template.md").write_text("# NNNN: the decision in one line\n")
    (folder / "0001-use-it.md").write_text("# 1. Use it\n\n## Status\n\nAccepted\n\n## Decision\n\nYes.\n")
    (folder / "old" / "0002-not.md").write_text("# 2. Do not\n\n## Status\n\nRejected\n\n## Decision\n\nNo.\n")
    return folder


def test_a_folder_is_imported_once_however_often(records: Path, wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    result = wipsie("decisions", "import", str(records))
    assert result.exit_code == 0
    assert "2 files: 2 made, 0 unchanged." in result.stdout
    again = wipsie_json("decisions", "import", str(records))
    assert [(one["file"], one["what"], one["number"]) for one in again] == [
        ("0001-use-it.md", "unchanged", "DEC-1"),
        ("old/0002-not.md", "unchanged", "DEC-2"),
    ]
    actions = {one["action"] for one in wipsie_json("audit", "list") if one["actor"] == "cli"}
    assert actions == {"asyncops:decision:import"}


def test_what_is_exported_is_written_where_it_changed(
    records: Path, tmp_path: Path, wipsie: Wipsie, wipsie_json: WipsieJson
) -> None:
    wipsie("decisions", "import", str(records))
    folder = tmp_path / "out" / "records"
    assert wipsie_json("decisions", "export", str(folder)) == [
        {"file": "0001-use-it.md", "written": True},
        {"file": "0002-do-not.md", "written": True},
    ]
    assert "status: accepted" in (folder / "0001-use-it.md").read_text()
    (folder / "0002-do-not.md").write_text("changed")
    assert "2 decisions" in wipsie("decisions", "export", str(folder)).stdout
    assert [one["written"] for one in wipsie_json("decisions", "export", str(folder))] == [False, False]


def test_a_file_that_differs_ends_with_one(records: Path, wipsie: Wipsie) -> None:
    wipsie("decisions", "import", str(records / "0001-use-it.md"))
    (records / "0001-use-it.md").write_text("# 1. Use it not\n")
    result = wipsie("decisions", "import", str(records / "0001-use-it.md"))
    assert result.exit_code == 1
    assert "differs" in result.stdout
    assert wipsie("decisions", "import", str(records / "0001-use-it.md"), "--as", "new/").exit_code == 0


def test_a_file_that_is_no_text_is_refused_before_anything_is_done(
    records: Path, wipsie: Wipsie, wipsie_json: WipsieJson, tmp_path: Path
) -> None:
    (records / "zz.md").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match="no UTF-8"):
        wipsie("decisions", "import", str(records))
    assert wipsie_json("decisions", "export", str(tmp_path / "out")) == []
