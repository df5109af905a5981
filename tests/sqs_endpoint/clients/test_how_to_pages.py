"""What the pages on clients of Amazon SQS show is done as it stands there, against a real process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery_worker import WAIT_S_MAX
from foreign_clients import KINDS, node
from sqs_clients import Sqs, make_client, receive_all

from wipsie.testing import eventually
from wipsie.testing.ports import free_port
from wipsie.testing.process import WipsieProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
PAGES = Path(__file__).parents[3] / "docs" / "how-to"
ADDRESS = "127.0.0.1:8000"
COMMAND_S_MAX = 100.0
Start = Callable[..., WipsieProcess]


class Page:
    """The blocks of a page, at the address of a process under test."""

    def __init__(self, name: str, port: int) -> None:
        text = (
            (PAGES / name)
            .read_text("utf-8")
            .replace(ADDRESS, f"127.0.0.1:{port}")
            .replace("API_PORT=8000", f"API_PORT={port}")
        )
        self.blocks = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)

    def of(self, language: str) -> list[str]:
        return [block for kind, block in self.blocks if kind == language]


async def run(*command: str, folder: Path, path: str = "", stdin: str = "") -> str:
    """What a command prints. Everything it started ends with it."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={
            "PATH": os.pathsep.join(one for one in (path, str(Path(sys.executable).parent), os.defpath) if one),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(stdin.encode()), COMMAND_S_MAX)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    assert process.returncode == 0, output.decode()
    return output.decode()


@pytest.fixture
async def wipsie(start_wipsie: Start) -> WipsieProcess:
    process = start_wipsie(["api"])
    await process.wait_until_healthy()
    return process


@pytest.fixture
def here(wipsie: WipsieProcess) -> Any:
    client = make_client(wipsie.base_url)
    yield client
    client.close()


def bodies(sqs: Sqs, queue: str) -> list[str]:
    return [one["Body"] for one in receive_all(sqs, queue)]


async def test_the_page_on_sdks_shows_what_python_does(wipsie: WipsieProcess, here: Sqs, tmp_path: Path) -> None:
    page = Page("aws-sdks.md", wipsie.port)
    variables = page.of("sh")[0]
    without_code, boto3, aiobotocore = page.of("python")
    await run("bash", "-euc", variables + 'exec python -c "$0"', without_code, folder=tmp_path)
    assert (await run("python", "-c", boto3, folder=tmp_path)).splitlines() == ["boto3", "boto3 again"]
    await run("python", "-c", aiobotocore, folder=tmp_path)
    assert bodies(here, "parcels") == ["aiobotocore"]


async def test_the_page_on_sdks_shows_what_the_cli_does(wipsie: WipsieProcess, here: Sqs, tmp_path: Path) -> None:
    kind = KINDS["aws-cli"]
    kind.command()
    commands = Page("aws-sdks.md", wipsie.port).of("sh")[1]
    assert '"QueueUrl": ' in await run("bash", "-euc", commands, folder=tmp_path, path=str(kind.folder / "bin"))
    assert bodies(here, "parcels") == ["AWS CLI"]


async def test_the_page_on_sdks_shows_what_javascript_does(wipsie: WipsieProcess, here: Sqs) -> None:
    kind = KINDS["javascript"]
    kind.command()
    (script,) = Page("aws-sdks.md", wipsie.port).of("js")
    await run(node(), "--input-type=module", "-", folder=kind.folder, stdin=script)
    assert bodies(here, "parcels") == ["JavaScript"]


async def test_tests_of_others_run_against_a_server_of_their_own(tmp_path: Path) -> None:
    page = Page("replace-local-sqs.md", free_port())
    fixtures, tests = page.of("python")
    (tmp_path / "conftest.py").write_text(fixtures, "utf-8")
    (tmp_path / "test_orders.py").write_text(tests, "utf-8")
    (commands,) = page.of("sh")
    assert "2 passed" in await run("bash", "-euc", commands, folder=tmp_path)


async def test_the_page_on_celery_shows_what_celery_does(wipsie: WipsieProcess, here: Sqs, tmp_path: Path) -> None:
    page = Page("celery.md", wipsie.port)
    # What follows on the page is about another way, and tested there.
    program, later, order, depot, *_ = page.of("python")
    (tmp_path / "shop.py").write_text(program, "utf-8")
    command, *_ = page.of("sh")
    worker = WipsieProcess([], data_dir=tmp_path, command=command.split(), environment={"PYTHONPATH": str(tmp_path)})
    worker.start()
    try:
        await run("python", "-c", later, folder=tmp_path)

        def done() -> None:
            for number in (1, 2, 3):
                assert f"parcel {number} is on its way" in worker.log(), worker.log()[-2000:]

        await eventually(done, WAIT_S_MAX, "all tasks run")
    finally:
        worker.kill()
    made = here.get_queue_attributes(QueueUrl="shop-celery", AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert made == {"VisibilityTimeout": "3600"}
    # The address in variables, and none in the program, does as well.
    (tmp_path / "shop.py").write_text(re.sub(r"sqs://[^\"]+", "sqs://", program), "utf-8")
    variables = Page("aws-sdks.md", wipsie.port).of("sh")[0]
    await run("bash", "-euc", variables + 'exec python -c "$0"', order, folder=tmp_path)
    (message,) = receive_all(here, "shop-lane.fifo", AttributeNames=["MessageGroupId"])
    assert message["Attributes"] == {"MessageGroupId": "north"}
    here.create_queue(QueueName="depot")
    await run("python", "-c", depot + 'app.send_task("depot.load", queue="depot")', folder=tmp_path)
    assert len(bodies(here, "depot")) == 1
