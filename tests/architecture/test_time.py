"""Tests own time: the package waits and stamps through `wipsie.kernel.clock.Clock` only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "wipsie"
OWNERS_OF_TIME = ("kernel/clock.py", "testing/")
"""The clock itself, and the room that waits for real processes and makes the clocks of tests."""

WALL_CLOCK = {("time", "time"), ("time", "time_ns"), ("time", "sleep"), ("datetime", "now"), ("datetime", "utcnow")}


def untamed_time(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every call that reads the wall clock or waits without a `Clock`.

    `asyncio.sleep(0)` gives way to other tasks and passes no time, so it may stand.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "asyncio"):
            yield from (
                (node.lineno, f"from {node.module} import {alias.name}")
                for alias in node.names
                if alias.name in ("sleep", "time", "time_ns")
            )
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = node.func.value
        owner_name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
        if (owner_name, node.func.attr) in WALL_CLOCK:
            yield node.lineno, f"{owner_name}.{node.func.attr}"
        if (owner_name, node.func.attr) == ("asyncio", "sleep"):
            gives_way = len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
            if not gives_way:
                yield node.lineno, "asyncio.sleep"


def test_time_passes_through_the_clock_only() -> None:
    outside = [
        f"{path.relative_to(SOURCE)}:{line}: {text}"
        for path in sorted(SOURCE.rglob("*.py"))
        if not path.relative_to(SOURCE).as_posix().startswith(OWNERS_OF_TIME)
        for line, text in untamed_time(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not outside, "Take a Clock and ask it:\n" + "\n".join(outside)


def test_the_scan_sees_every_way_around_the_clock() -> None:
    ways = [
        "time.time()",
        "time.sleep(1)",
        "from time import sleep",
        "datetime.datetime.now()",
        "datetime.now(UTC)",
        "asyncio.sleep(0.1)",
    ]
    unseen = [source for source in ways if not list(untamed_time(ast.parse(source)))]
    assert not unseen
    assert not list(untamed_time(ast.parse("clock.now()\nclock.sleep(1)\nasyncio.sleep(0)\ntime.perf_counter()")))
