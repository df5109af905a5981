"""What has an environment of its own, rivals and foreign clients, is pinned: as it was asked for, with hashes, without an index."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
# `build.in` has no lock of its own: it is part of all others.
KINDS = sorted(path.stem for path in REQUIREMENTS.glob("*.in") if path.stem != "build")
JAVASCRIPT = ROOT / "tests" / "sqs_endpoint" / "clients" / "javascript"
CLIENTS = {
    "boto3": ("dev", "boto3"),
    "boto3, while it wrote forms": ("clients-old-boto3", "boto3"),
    "aiobotocore": ("dev", "aiobotocore"),
    "AWS CLI": ("clients-aws-cli", "awscli"),
    "Celery (`sqs://`)": ("dev", "celery"),
    "Celery, beside that boto3": ("clients-old-boto3", "celery"),
}
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)(?:\[[^]]+\])?==(?P<version>\S+)")


def entries(kind: str) -> list[str]:
    text = (REQUIREMENTS / f"{kind}.lock").read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def pins(kind: str) -> dict[str, str]:
    return {match["name"]: match["version"] for line in entries(kind) if (match := PIN.match(line))}


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_locked_in_a_version_it_was_asked_for(kind: str) -> None:
    locked = pins(kind)
    lines = (REQUIREMENTS / f"{kind}.in").read_text("utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    assert wanted
    unmet = [str(one) for one in wanted if not one.specifier.contains(locked.get(canonicalize_name(one.name), ""))]
    assert not unmet, f"requirements/{kind}.lock is behind requirements/{kind}.in; run `make lock`"


@pytest.mark.parametrize("kind", KINDS)
def test_every_pin_carries_hashes_and_no_line_names_an_index(kind: str) -> None:
    strange = [line[:80] for line in entries(kind) if not PIN.match(line) or "--hash=sha256:" not in line]
    assert not strange


def test_packages_of_javascript_carry_digests_and_name_no_registry() -> None:
    lock: dict[str, Any] = json.loads((JAVASCRIPT / "package-lock.json").read_text("utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages
    assert [name for name, one in packages.items() if "resolved" in one or "integrity" not in one] == []


def test_the_reference_names_the_releases_of_clients_that_are_tested() -> None:
    asked = json.loads((JAVASCRIPT / "package.json").read_text("utf-8"))["dependencies"]
    versions = {name: pins(kind)[package] for name, (kind, package) in CLIENTS.items()}
    versions["SDK for JavaScript"] = asked["@aws-sdk/client-sqs"]
    reference = (ROOT / "docs" / "reference" / "sqs-compatibility.md").read_text("utf-8")
    missing = [
        f"| {name} | {version} |" for name, version in versions.items() if f"\n| {name} | {version} |" not in reference
    ]
    assert not missing
