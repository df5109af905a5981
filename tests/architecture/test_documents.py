"""Documents that speak of files speak of files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "benchmarks", "deploy", "examples")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md"))])
RECORDS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
# `src/…`, `tests/…`: text in backquotes that can only be a path of this repository.
PATH = re.compile(r"`((?:src|tests|docs|benchmarks|requirements|scripts)/[\w./-]+|\.env\.example|pyproject\.toml)`")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    dead = [target for target in LINK.findall(document.read_text("utf-8")) if not (document.parent / target).exists()]
    assert not dead


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_named_files_exist(document: Path) -> None:
    missing = [path for path in PATH.findall(document.read_text("utf-8")) if not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize("record", RECORDS, ids=name)
def test_a_decision_is_listed_and_names_the_check_that_guards_it(record: Path) -> None:
    assert f"({record.name})" in (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")
    _, _, guard = record.read_text("utf-8").partition("\n## Guarded by\n")
    assert guard.strip()
