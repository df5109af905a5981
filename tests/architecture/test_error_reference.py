"""Every error code is in the reference, with its status, and nothing else is."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import wipsie
from wipsie.kernel.errors import WipsieError

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"


def every_error(kind: type[WipsieError] = WipsieError) -> Iterator[type[WipsieError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from every_error(child)


def test_the_reference_lists_every_error_code_with_its_status() -> None:
    for module in pkgutil.walk_packages(wipsie.__path__, "wipsie."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    defined = {error.code: error.status for error in every_error() if error.__module__.startswith("wipsie.")}
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \|", REFERENCE.read_text("utf-8"), re.MULTILINE)
    assert {code: int(status) for code, status in rows} == defined
