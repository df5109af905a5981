from __future__ import annotations

import json
from typing import Any

import pytest

from wipsie.app.parts import Parts

EXAMPLE = "load_generator.py"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.mark.parametrize("protocol", ["api", "sqs"])
async def test_it_sends_what_was_asked_for_and_ends_by_itself(
    run_example: Any, wipsie_url: str, parts: Parts, protocol: str
) -> None:
    ran = await run_example(
        EXAMPLE, "--url", wipsie_url, "--protocol", protocol, "--rate", "50", "--duration", "1",
        "--concurrency", "20", "--mix", "default=2,notifications=1,task_processing=1,data_polling=1",
        "--source-url", "https://example.org/a.csv", "--json",
    )  # fmt: skip
    summary = json.loads(ran.output)
    # On a busy machine some may come too late to be sent; each other one is in its queue.
    assert set(summary["failures"]) <= {"not sent in time"}, summary
    assert summary["accepted"] > 0
    assert ran.code == (1 if summary["failed"] else 0)
    for queue, count in summary["by_queue"].items():
        assert (await parts.engine.counts(parts.engine.resolve(queue))).ready == count
    assert sum(summary["by_queue"].values()) == summary["accepted"]
    latency = summary["latency_ms"]
    assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"] <= latency["max"]


async def test_its_messages_are_such_that_the_handlers_take_them(
    run_example: Any, wipsie_url: str, parts: Parts
) -> None:
    """POST /sqs/send checks them by their task types."""
    ran = await run_example(EXAMPLE, "--url", wipsie_url, "--rate", "20", "--duration", "0.5")
    assert "accepted" in ran.output
    assert "HTTP" not in ran.output


async def test_refusals_are_counted_by_kind(run_example: Any, closed_url: str) -> None:
    ran = await run_example(EXAMPLE, "--url", closed_url, "--rate", "0", "--duration", "0.2", "--json")
    summary = json.loads(ran.output)
    assert (ran.code, summary["accepted"]) == (1, 0)
    assert summary["failures"].keys() <= {"HTTP 401", "not sent in time"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--url", "http://example.org"], "--allow-remote"),
        (["--url", "file:///etc"], "no http"),
        (["--mix", "songs=1"], "queues are"),
        (["--mix", "default=0"], "all weights are 0"),
        (["--mix", "data_polling=1"], "--source-url"),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    run_example: Any, arguments: list[str], words: str
) -> None:
    ran = await run_example(EXAMPLE, *arguments)
    assert ran.code == 2
    assert words in ran.errors
    assert "Traceback" not in ran.errors
