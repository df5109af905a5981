"""What the documents say of the SQS endpoint is done as written, against a real process."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wipsie.testing import eventually
from wipsie.testing.process import WipsieProcess

pytestmark = pytest.mark.slow
Start = Callable[..., WipsieProcess]
ROOT = Path(__file__).parents[2]
URL = "http://127.0.0.1:8000"


async def run(*command: str) -> str:
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=30, check=True, stdin=subprocess.DEVNULL
    )
    return done.stdout


async def test_the_command_of_the_readme_sends_a_message_that_is_processed(
    start_wipsie: Start, run_statuses: Any
) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    readme = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"^curl [^\n]*AmazonSQS(?:.|\n)*?\n```", readme, re.MULTILINE)
    assert found is not None
    command = found[0].removesuffix("```")
    assert command.count(URL) == 1
    sent = json.loads(await run("bash", "-c", command.replace(URL, wipsie.base_url)))

    async def processed() -> bool:
        return await run_statuses(wipsie, sent["MessageId"]) == ["succeeded"]

    await eventually(processed, 10, "the message is processed")


async def test_the_example_for_boto3_runs(start_wipsie: Start, cli: Any) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    document = (ROOT / "docs" / "reference" / "sqs-compatibility.md").read_text("utf-8")
    found = re.search(r"```python\n(.*?)```", document, re.DOTALL)
    assert found is not None
    assert found[1].count(URL) == 1
    await run(sys.executable, "-c", found[1].replace(URL, wipsie.base_url))
    stats = await cli(wipsie, "queue", "stats", "--json")
    assert [row["ready"] for row in stats.json["queues"] if row["queue"] == "orders"] == [1]
