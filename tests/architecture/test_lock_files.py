"""What is installed is what was locked: lock files follow pyproject.toml, pin with hashes and name no index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
EXTRAS_OF_LOCK = {"runtime": (), "dev": ("dev",), "bench": ("bench",)}
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)(?:\[[^]]+\])?==(?P<version>\S+)")


def entries(kind: str) -> list[str]:
    """The logical lines of a lock file, one for each pinned package."""
    text = (ROOT / "requirements" / f"{kind}.lock").read_text(encoding="utf-8")
    joined = text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def pins(kind: str) -> dict[str, str]:
    """Package name to version."""
    return {match["name"]: match["version"] for line in entries(kind) if (match := PIN.match(line))}


def wanted(kind: str) -> list[Requirement]:
    """What pyproject.toml and requirements/build.in ask for."""
    configuration: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = configuration["project"]
    lines: list[str] = [*project["dependencies"], *configuration["build-system"]["requires"]]
    for extra in EXTRAS_OF_LOCK[kind]:
        lines += project["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("kind", EXTRAS_OF_LOCK)
def test_every_requirement_is_locked_in_a_version_it_accepts(kind: str) -> None:
    locked = pins(kind)
    unmet = [
        f"{requirement} (locked: {locked.get(canonicalize_name(requirement.name))})"
        for requirement in wanted(kind)
        if not requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), ""), prereleases=True)
    ]
    assert not unmet, f"requirements/{kind}.lock is behind pyproject.toml; run `make lock`: {unmet}"


@pytest.mark.parametrize("kind", EXTRAS_OF_LOCK)
def test_every_pin_carries_hashes_and_no_line_names_an_index(kind: str) -> None:
    strange = [line[:80] for line in entries(kind) if not PIN.match(line) or "--hash=sha256:" not in line]
    assert not strange


@pytest.mark.parametrize("kind", ["dev", "bench"])
def test_one_environment_can_hold_all_locks(kind: str) -> None:
    others = pins(kind)
    assert {name: others.get(name) for name in pins("runtime")} == pins("runtime")


def test_build_requirements_are_the_same_in_both_places() -> None:
    configuration: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build_lines = (ROOT / "requirements" / "build.in").read_text(encoding="utf-8").splitlines()
    assert [line for line in build_lines if not line.startswith("#")] == configuration["build-system"]["requires"]
