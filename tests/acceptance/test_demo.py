"""`wipsie demo`: real work through every queue, in one command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wipsie.testing.process import WipsieProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
Start = Callable[..., WipsieProcess]
QUEUES = {"default", "data_polling", "task_processing", "notifications"}


def has_mail(path: str) -> bool:
    return "Gentoo" in Path(path).read_text("utf-8")


async def test_the_demo_uses_the_running_wipsie_without_any_setting(start_wipsie: Start, cli: Any) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    done = await cli(wipsie, "demo", "--json")
    assert done.code == 0, done.err + done.out + wipsie.log()
    report = done.json
    assert (report["ok"], report["private"], report["url"]) == (True, False, wipsie.base_url)
    assert {one["queue"] for one in report["messages"]} == QUEUES
    assert all(one["status"] == "succeeded" and one["attempts"] == 1 for one in report["messages"])
    assert has_mail(report["mail"])
    grants = wipsie.data_dir / "grants"
    assert not list(grants.iterdir()), "the grant is taken back"
    again = await cli(wipsie, "demo")
    assert again.code == 0
    assert "344 penguins fetched" in again.out
    assert "All 5 messages did their work." in again.out


async def test_without_a_running_wipsie_the_demo_brings_its_own(start_wipsie: Start, cli: Any) -> None:
    wipsie = start_wipsie(["version"])
    await wipsie.wait(20)
    done = await cli(wipsie, "demo", "--json")
    assert done.code == 0, done.err + done.out
    assert done.json["private"]
    assert "starting a private one" in done.err
    refused = await cli(wipsie, "demo", "--no-start")
    assert refused.code == 1
    assert "wipsie up" in refused.err


async def test_a_demo_that_cannot_finish_says_what_is_missing_and_fails(start_wipsie: Start, cli: Any) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    assert (await cli(wipsie, "queue", "pause", "notifications")).code == 0
    done = await cli(wipsie, "demo", "--timeout", "10", "--json")
    assert done.code == 1
    assert not done.json["ok"]
    assert done.json["mail"] is None
    assert "wipsie queue resume notifications" in done.json["reason"]


async def test_polling_this_machine_stays_refused_without_a_grant(
    start_wipsie: Start, cli: Any, call: Any, slow_receiver: Any
) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    data = {"source_url": slow_receiver.url, "poll_interval": 60}
    message = {"task_type": "data_polling", "data": data}
    await call(wipsie, "POST", "/sqs/send", {"queue_name": "data_polling", "message": message})
    done = None
    while done is None or not done.json["messages"]:
        done = await cli(wipsie, "queue", "peek", "data_polling_dlq", "--json")
    (dead,) = done.json["messages"]
    assert dead["dead_letter"]["cause"]["code"] == "ADDRESS_REFUSED"
    assert not slow_receiver.called.is_set()
