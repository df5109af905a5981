"""Settings come from one place: only `app` reads the environment."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "wipsie"
ENVIRONMENT_NAMES = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
SETTINGS_LIBRARIES = {"pydantic_settings", "dotenv"}


def environment_reads(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of everything in a module that reaches for the environment."""
    os_names = {"os"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "os" and alias.asname:
                    os_names.add(alias.asname)
                if alias.name.partition(".")[0] in SETTINGS_LIBRARIES:
                    yield node.lineno, f"import {alias.name}"
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            if node.module.partition(".")[0] in SETTINGS_LIBRARIES:
                yield node.lineno, f"from {node.module} import …"
            if node.module == "os":
                yield from (
                    (node.lineno, f"from os import {alias.name}")
                    for alias in node.names
                    if alias.name in ENVIRONMENT_NAMES
                )
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in ENVIRONMENT_NAMES
            and isinstance(node.value, ast.Name)
            and node.value.id in os_names
        ):
            yield node.lineno, f"{node.value.id}.{node.attr}"


def test_only_app_reads_the_environment() -> None:
    outside = [
        f"{path.relative_to(SOURCE)}:{line}: {text}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path.relative_to(SOURCE).parts[0] != "app"
        for line, text in environment_reads(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not outside, "Take these values as parameters; wipsie.app reads them:\n" + "\n".join(outside)


def test_the_scan_sees_every_way_to_read_the_environment() -> None:
    ways = [
        "import os\nos.environ['A']",
        "import os\nos.getenv('A')",
        "import os as system\nsystem.environ.get('A')",
        "from os import environ",
        "from os import getenv as read",
        "import pydantic_settings",
        "from pydantic_settings import BaseSettings",
        "def late():\n    from dotenv import load_dotenv",
    ]
    unseen = [source for source in ways if not list(environment_reads(ast.parse(source)))]
    assert not unseen
    assert not list(environment_reads(ast.parse("import os\nos.getpid()\nrequest.environ")))
