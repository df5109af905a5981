"""The rivals are pinned: what their environments hold is what was asked for, with hashes and without an index."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements"
KINDS = sorted(path.stem for path in REQUIREMENTS.glob("rivals*.in"))
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)(?:\[[^]]+\])?==(?P<version>\S+)")


def entries(kind: str) -> list[str]:
    text = (REQUIREMENTS / f"{kind}.lock").read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_rival_is_locked_in_a_version_it_was_asked_for(kind: str) -> None:
    locked = {match["name"]: match["version"] for line in entries(kind) if (match := PIN.match(line))}
    lines = (REQUIREMENTS / f"{kind}.in").read_text("utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    assert wanted
    unmet = [str(one) for one in wanted if not one.specifier.contains(locked.get(canonicalize_name(one.name), ""))]
    assert not unmet, f"requirements/{kind}.lock is behind requirements/{kind}.in; run `make lock`"


@pytest.mark.parametrize("kind", KINDS)
def test_every_pin_of_a_rival_carries_hashes_and_no_line_names_an_index(kind: str) -> None:
    strange = [line[:80] for line in entries(kind) if not PIN.match(line) or "--hash=sha256:" not in line]
    assert not strange
