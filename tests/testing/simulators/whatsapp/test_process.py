"""The simulator as a process: says where it is, ends when told or when nobody holds it, and keeps secrets to itself."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from wipsie.testing import eventually

Start = Callable[..., Awaitable[Process]]
MODULE = ("-m", "wipsie.testing.simulators.whatsapp")
WIPSIE = str(Path(sys.executable).with_name("wipsie"))
END_S_MAX = 10


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    started: list[Process] = []

    async def start(*command: str, stdin: int = PIPE, **environment: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=stdin,
            stdout=PIPE,
            stderr=PIPE,
            cwd=tmp_path,
            env={"PATH": os.defpath, "HOME": str(tmp_path), "LANG": "C.UTF-8", **environment},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _ready(process: Process) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(20):
        return json.loads(await process.stdout.readline())


async def _ended(process: Process) -> int:
    async with asyncio.timeout(END_S_MAX):
        return await process.wait()


async def test_it_says_where_it_is_and_ends_with_its_standard_input(start: Start) -> None:
    process = await start(
        sys.executable,
        *MODULE,
        "--port=0",
        "--number=15550188000",
        "--json-ready",
        SIMULATOR_APP_SECRET="not to be shown",
    )
    told = await _ready(process)
    async with aiohttp.ClientSession() as session, session.get(f"{told['control_url']}/state") as response:
        state = await response.json()
    assert state["account"]["display_number"] == told["number"] == "15550188000"
    assert [phone["name"] for phone in state["phones"]] == ["Asha Example", "Ravi Example", "Lia Test"]
    assert "not to be shown" not in json.dumps([told, state])
    # An idle one is a guest on a machine where people develop.
    assert psutil.Process(process.pid).memory_info().rss < 60 * 1024 * 1024
    assert process.stdin is not None
    process.stdin.close()
    assert await _ended(process) == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_good_order_though_nobody_holds_its_input(start: Start, number: int) -> None:
    process = await start(sys.executable, *MODULE, "--port=0", "--json-ready", stdin=DEVNULL)
    told = await _ready(process)
    # An open page does not keep it.
    async with aiohttp.ClientSession() as session, session.get(f"{told['control_url']}/events") as events:
        await events.content.readline()
        process.send_signal(number)
        assert await _ended(process) == 0
    assert process.stderr is not None
    assert await process.stderr.read() == b""


@pytest.mark.slow
async def test_the_command_prints_settings_but_no_secret_that_was_given(start: Start) -> None:
    process = await start(
        WIPSIE, "simulator", "whatsapp", "--port", "0", "--verify-token", "chosen", SIMULATOR_ACCESS_TOKEN="also chosen"
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        text = (await process.stdout.readuntil(b"WHATSAPP_VERIFY_TOKEN is")).decode()
    assert "WHATSAPP_GRAPH_URL=http://127.0.0.1:" in text
    assert "WHATSAPP_PHONE_NUMBER_ID=420000000000088" in text
    assert "WHATSAPP_APP_SECRET=simulator-app-secret" in text
    assert "chosen" not in text


@pytest.mark.slow
async def test_a_killed_command_takes_its_simulator_with_it(start: Start) -> None:
    process = await start(WIPSIE, "simulator", "whatsapp", "--port", "0", "--json")
    await _ready(process)
    [child] = psutil.Process(process.pid).children()
    process.kill()
    await process.wait()
    await eventually(lambda: not child.is_running(), END_S_MAX, "the simulator outlives the command")


@pytest.mark.slow
async def test_a_port_that_is_taken_and_a_callback_elsewhere_are_told_in_one_sentence(start: Start) -> None:
    first = await start(sys.executable, *MODULE, "--port=0", "--json-ready")
    port = (await _ready(first))["url"].rpartition(":")[2]
    for options, code, words in (
        ([f"--port={port}"], 1, "cannot listen"),
        (["--port=0", "--webhook-url=https://example.com/hook"], 2, "not on this machine"),
    ):
        process = await start(sys.executable, *MODULE, *options)
        _, errors = await process.communicate()
        assert (process.returncode, words in errors.decode(), errors.count(b"\n")) == (code, True, 1)
