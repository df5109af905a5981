from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from wipsie.app.parts import Parts
from wipsie.kernel.ids import QueueName
from wipsie.testing.servers import MotoServer

EXAMPLE = "sqs_connectivity_test.py"
pytestmark = pytest.mark.timeout(120)


def steps(output: str) -> dict[str, str]:
    """Result by step."""
    rows = [line.split("  ") for line in output.splitlines()[2:] if "  " in line]
    return {cells[0].strip(): next(cell.strip() for cell in cells[1:] if cell.strip()) for cells in rows}


def test_it_needs_boto3_and_the_standard_library_alone() -> None:
    tree = ast.parse((Path(__file__).parents[2] / "examples" / EXAMPLE).read_text("utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    foreign = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    assert foreign == {"boto3", "botocore"}


@pytest.mark.slow
async def test_it_finds_wipsie_working_and_leaves_nothing_behind(
    run_example: Any, wipsie_url: str, parts: Parts
) -> None:
    before = [one.name for one in await parts.engine.list_queues()]
    ran = await run_example(EXAMPLE, "--endpoint-url", wipsie_url)
    assert (ran.code, ran.errors) == (0, "")
    found = steps(ran.output)
    assert len(found) == 9
    assert set(found.values()) == {"ok"}
    assert f"Everything works at {wipsie_url}." in ran.output
    assert [one.name for one in await parts.engine.list_queues()] == before


async def test_it_finds_moto_working(run_example: Any, moto_server: MotoServer) -> None:
    ran = await run_example(EXAMPLE, "--endpoint-url", moto_server.endpoint_url)
    assert (ran.code, ran.errors) == (0, "")


@pytest.mark.slow
async def test_it_looks_at_a_queue_that_others_use_without_touching_its_messages(
    run_example: Any, wipsie_url: str, parts: Parts
) -> None:
    queue = QueueName("wipsie-default")
    ran = await run_example(EXAMPLE, "--endpoint-url", wipsie_url, "--queue", queue, "--send")
    assert ran.code == 0
    assert "0 waiting" in ran.output
    counts = await parts.engine.counts(queue)
    assert (counts.ready, counts.total) == (1, 1)
    ran = await run_example(EXAMPLE, "--endpoint-url", wipsie_url, "--queue", "wipsie-nowhere")
    assert ran.code == 1
    assert "there is no such queue" in ran.errors


@pytest.mark.slow
async def test_refused_credentials_are_told_in_words(run_example: Any, closed_url: str) -> None:
    ran = await run_example(EXAMPLE, "--endpoint-url", closed_url)
    assert ran.code == 1
    assert "list queues: The server refused it" in ran.errors
    assert steps(ran.output)["send a message"] == "skipped"
    assert "Traceback" not in ran.errors


@pytest.mark.slow
async def test_missing_credentials_and_a_silent_host_are_told_in_words(run_example: Any, port: int) -> None:
    ran = await run_example(EXAMPLE, "--endpoint-url", f"http://127.0.0.1:{port}")
    assert (ran.code, "Nobody answers there" in ran.errors) == (1, True)
    ran = await run_example(EXAMPLE, "--endpoint-url", f"http://127.0.0.1:{port}", credentials=False)
    assert (ran.code, "No credentials were found" in ran.errors) == (1, True)
    assert "Traceback" not in ran.errors
