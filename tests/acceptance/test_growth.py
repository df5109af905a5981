"""Changing URLs moves Wipsie to other stores, and nothing else changes for who uses it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from wipsie.testing.process import WipsieProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
Start = Callable[..., WipsieProcess]
QUEUES = {"default", "data_polling", "task_processing", "notifications"}


@dataclass(frozen=True)
class Stores:
    """The settings that choose the stores."""

    name: str
    settings: dict[str, str] = field(default_factory=dict[str, str])


@pytest.fixture(params=["postgresql", "postgresql and redis", "redis", "sqs"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    token = os.urandom(4).hex()
    name: str = request.param
    settings: dict[str, str] = {}
    if "postgresql" in name:
        postgres = request.getfixturevalue("postgres_server")
        settings["DATABASE_URL"] = settings["QUEUE_URL"] = postgres.create_database(f"growth_{token}")
    if "redis" in name:
        redis = request.getfixturevalue("redis_server")
        settings["REDIS_URL"] = redis.url()
        settings.setdefault("QUEUE_URL", redis.url())
    if name == "sqs":
        moto = request.getfixturevalue("moto_server")
        settings |= {
            "QUEUE_URL": "sqs://us-east-1",
            "AWS_ENDPOINT_URL": moto.endpoint_url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }
    # Another prefix in each test: they share the servers.
    settings["SQS_QUEUE_PREFIX"] = f"growth{token}-"
    yield Stores(name, settings)
    if "postgresql" in name:
        request.getfixturevalue("postgres_server").drop_database(f"growth_{token}")


async def test_up_demo_and_the_commands_work_on_any_store(
    start_wipsie: Start, cli: Any, call: Any, stores: Stores
) -> None:
    wipsie = start_wipsie(["up"], environment=stores.settings)
    await wipsie.wait_until_healthy("/health/ready")
    done = await cli(wipsie, "demo", "--json", **stores.settings)
    assert done.code == 0, done.err + done.out + wipsie.log()
    assert {one["queue"] for one in done.json["messages"]} == QUEUES
    assert all(one["status"] == "succeeded" and one["attempts"] == 1 for one in done.json["messages"])

    status, answer = await call(wipsie, "GET", "/sqs/queues")
    assert status == 200
    assert set(answer["available_queues"]) > QUEUES
    examined = await cli(wipsie, "doctor", "--json", **stores.settings)
    assert examined.code == 0, examined.out
    counted = await cli(wipsie, "queue", "stats", "--json", **stores.settings)
    assert counted.code == 0, counted.err
    assert await wipsie.stop() == 0, wipsie.log()[-3000:]


async def test_an_idempotency_key_is_honoured_on_any_store(start_wipsie: Start, call: Any, stores: Stores) -> None:
    wipsie = start_wipsie(["up"], environment=stores.settings)
    await wipsie.wait_until_healthy("/health/ready")
    body = {"queue_name": "default", "message": {"task_type": "user_action", "data": {"user_id": "1"}}}
    answers = [await call(wipsie, "POST", "/sqs/send", body, {"Idempotency-Key": "once"}) for _ in range(3)]
    assert [status for status, _ in answers] == [200, 200, 200], answers
    assert len({answer["message_id"] for _, answer in answers}) == 1
    other = {"queue_name": "default", "message": {"task_type": "user_action", "data": {"user_id": "2"}}}
    status, answer = await call(wipsie, "POST", "/sqs/send", other, {"Idempotency-Key": "once"})
    assert (status, answer["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
