"""Signals, kills and wrong settings, on real processes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from wipsie.testing import eventually
from wipsie.testing.process import WipsieProcess

pytestmark = pytest.mark.slow
Start = Callable[..., WipsieProcess]
LOCAL = {"POLLING_ALLOWED_HOSTS": "127.0.0.1"}


async def at_work(start_wipsie: Start, call: Any, receiver: Any, **environment: str) -> tuple[WipsieProcess, str]:
    """A Wipsie whose handler waits for the receiver's answer."""
    wipsie = start_wipsie(["up"], environment={**LOCAL, **environment})
    await wipsie.wait_until_healthy("/health/ready")
    status, sent = await call(wipsie, "POST", "/sqs/send", receiver.message())
    assert status == 200
    await eventually(receiver.called.is_set, 10, "the handler is at work")
    return wipsie, sent["message_id"]


async def test_sigterm_lets_running_handlers_finish_and_exits_zero(
    start_wipsie: Start, call: Any, cli: Any, run_statuses: Any, slow_receiver: Any
) -> None:
    wipsie, message_id = await at_work(start_wipsie, call, slow_receiver)
    os.kill(wipsie.pid, signal.SIGTERM)
    await eventually(lambda: "worker_draining" in wipsie.log(), 10, "the worker drains")
    slow_receiver.may_answer.set()
    assert await wipsie.wait(15) == 0
    stats = await cli(wipsie, "queue", "stats", "notifications", "--json")
    assert stats.json["queues"][0]["total"] == 0
    wipsie.start()
    await wipsie.wait_until_healthy()
    assert await run_statuses(wipsie, message_id) == ["succeeded"]


async def test_at_the_deadline_a_handler_is_cancelled_and_its_message_is_back_at_once(
    start_wipsie: Start, call: Any, cli: Any, slow_receiver: Any
) -> None:
    wipsie, message_id = await at_work(start_wipsie, call, slow_receiver, WORKER_DRAIN_DEADLINE="0.2")
    assert await wipsie.stop() == 0
    done = await cli(wipsie, "queue", "peek", "notifications", "--json")
    (message,) = done.json["messages"]
    assert (message["message_id"], message["state"], message["receive_count"]) == (message_id, "ready", 0)


async def test_a_second_signal_hastens(start_wipsie: Start, call: Any, cli: Any, slow_receiver: Any) -> None:
    wipsie, _ = await at_work(start_wipsie, call, slow_receiver, WORKER_DRAIN_DEADLINE="10m")
    os.kill(wipsie.pid, signal.SIGTERM)
    await eventually(lambda: "worker_draining" in wipsie.log(), 10, "the worker drains")
    os.kill(wipsie.pid, signal.SIGTERM)
    assert await wipsie.wait(15) == 0
    stats = await cli(wipsie, "queue", "stats", "notifications", "--json")
    assert stats.json["queues"][0]["ready"] == 1


async def test_a_killed_wipsie_loses_nothing_it_accepted(
    start_wipsie: Start, call: Any, cli: Any, run_statuses: Any
) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    accepted: list[str] = []

    async def send_until_killed(sender: int) -> None:
        body = {"queue_name": "default", "message": {"data": {"sender": sender}}}
        while True:
            try:
                status, sent = await call(wipsie, "POST", "/sqs/send", body)
            except OSError:
                return
            if status == 200:
                accepted.append(sent["message_id"])

    senders = [asyncio.create_task(send_until_killed(number)) for number in range(4)]
    await eventually(lambda: len(accepted) > 100, 20, "messages are accepted")
    wipsie.kill()
    await asyncio.gather(*senders)
    wipsie.start()
    await wipsie.wait_until_healthy("/health/ready")

    async def idle() -> bool:
        counts = (await cli(wipsie, "queue", "stats", "default", "--json")).json["queues"][0]
        return counts["ready"] == 0

    await eventually(idle, 20, "what was not leased is processed")
    # What the killed process was at comes back when its lease ends.
    left = (await cli(wipsie, "queue", "peek", "default", "--limit", "1000", "--json")).json["messages"]
    leased = {message["message_id"] for message in left}
    for message_id in accepted:
        assert message_id in leased or await run_statuses(wipsie, message_id) == ["succeeded"]


async def test_a_second_wipsie_on_the_same_port_says_so_and_changes_nothing(start_wipsie: Start, cli: Any) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy()
    second = await cli(wipsie, "up")
    assert second.code == 1
    assert f"Wipsie runs already on {wipsie.base_url} (process {wipsie.pid})" in second.err
    elsewhere = wipsie.data_dir / "other"
    third = await cli(wipsie, "up", WIPSIE_DATA_DIR=str(elsewhere))
    assert third.code == 1
    assert f"Port {wipsie.port} on 127.0.0.1 is taken" in third.err
    assert not list(elsewhere.glob("*.db")), "nothing was started before the port was known to be taken"
    await wipsie.wait_until_healthy()


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"API_PORT": "many"}, "API_PORT is 'many'; it must be a whole number from 0 to 65535."),
        ({"SECRET_KEY": "changeme"}, "SECRET_KEY needs at least 32 random characters."),
        ({"SECRET_KEY": "your-secret-key-here-change-in-production"}, "SECRET_KEY is a text everybody tries first"),
        ({"QUEUE_URL": "mysql://localhost/queues"}, "QUEUE_URL is 'mysql://localhost/queues'; it must be"),
        ({"LOG_FILE": "/"}, "Set LOG_FILE to a writable path"),
        ({"MAIL_FROM": "nobody"}, "MAIL_FROM"),
    ],
    ids=str,
)
async def test_a_wrong_setting_ends_the_start_with_one_sentence(
    start_wipsie: Start, environment: dict[str, str], sentence: str
) -> None:
    wipsie = start_wipsie(["up"], environment=environment)
    assert await wipsie.wait(20) == 1
    assert sentence in wipsie.log()
    assert "Traceback" not in wipsie.log()
    assert "[CONFIGURATION_ERROR]" in wipsie.log()


async def test_listening_to_the_network_asks_for_credentials_and_without_https_it_is_warned_of(
    start_wipsie: Start, call: Any
) -> None:
    wipsie = start_wipsie(["up"], environment={"API_HOST": "0.0.0.0"})
    await wipsie.wait_until_healthy()
    assert "api_without_https" in wipsie.log()
    assert (await call(wipsie, "GET", "/sqs/queues"))[0] == 401
    assert await wipsie.stop() == 0


async def test_behind_a_proxy_loopback_is_no_proof_of_being_at_this_machine(start_wipsie: Start, call: Any) -> None:
    wipsie = start_wipsie(["up"], environment={"PUBLIC_URL": "https://wipsie.example.org"})
    await wipsie.wait_until_healthy()
    assert "api_without_https" not in wipsie.log()
    assert (await call(wipsie, "GET", "/sqs/queues"))[0] == 401
    assert await wipsie.stop() == 0
