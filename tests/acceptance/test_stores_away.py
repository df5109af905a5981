"""A database or queue server that is away: at the start, in the middle, for good; on real processes and real servers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import psutil
import pytest

from wipsie.testing import eventually
from wipsie.testing.process import WipsieProcess
from wipsie.testing.servers import MotoServer, PostgresServer, RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
Start = Callable[..., WipsieProcess]
BODY: dict[str, Any] = {"queue_name": "default", "message": {"task_type": "echo", "data": {}}}
BACK_S_MAX = 30.0
"""Pauses between tries grow to ten seconds."""


class Server(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class Away:
    """One store on a server of its own, not started; and what of a Wipsie depends on it."""

    def __init__(self, name: str, server: Server, settings: dict[str, str], checks: set[str]) -> None:
        self.name = name
        self.server = server
        self.settings = settings
        self.checks = checks
        self.holds_queues = "queue" in checks

    async def start(self) -> None:
        await asyncio.to_thread(self.server.start)

    async def stop(self) -> None:
        await asyncio.to_thread(self.server.stop)


REMEMBER = ["queues on redis", "queues on postgresql", "database on postgresql"]
"""The simulated Amazon SQS forgets its queues when it stops, so it can only be away at the start."""
ALL = [*REMEMBER, "queues on sqs"]


@pytest.fixture
def away(request: pytest.FixtureRequest, server_folder: Path) -> Iterator[Away]:
    if "redis" in request.param:
        request.getfixturevalue("redis_server")
        redis = RedisServer(server_folder / "redis")
        away = Away(request.param, redis, {"QUEUE_URL": redis.url()}, {"queue"})
    elif "sqs" in request.param:
        request.getfixturevalue("moto_server")
        moto = MotoServer(server_folder / "moto")
        secrets = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        settings = {"QUEUE_URL": "sqs://us-east-1", "AWS_ENDPOINT_URL": moto.endpoint_url, **secrets}
        away = Away(request.param, moto, settings, {"queue"})
    else:
        request.getfixturevalue("postgres_server")
        postgres = PostgresServer(server_folder / "postgres")
        setting, check = ("QUEUE_URL", "queue") if "queues" in request.param else ("DATABASE_URL", "database")
        away = Away(request.param, postgres, {setting: postgres.url()}, {check})
    yield away
    away.server.stop()


async def ready(call: Any, wipsie: WipsieProcess) -> tuple[int, dict[str, Any]]:
    status, report = await call(wipsie, "GET", "/health/ready")
    return status, report


async def until_ready(call: Any, wipsie: WipsieProcess) -> None:
    async def is_ready() -> bool:
        return (await ready(call, wipsie))[0] == 200

    await eventually(is_ready, BACK_S_MAX, f"it recovers by itself\n{wipsie.log()[-3000:]}")


async def until_ok(call: Any, wipsie: WipsieProcess, check: str) -> None:
    async def is_ok() -> bool:
        return (await ready(call, wipsie))[1]["checks"][check]["status"] == "ok"

    await eventually(is_ok, BACK_S_MAX, f"the {check} is ok\n{wipsie.log()[-3000:]}")


async def until_red(call: Any, wipsie: WipsieProcess, away: Away) -> dict[str, Any]:
    async def is_red() -> dict[str, Any] | None:
        status, report = await ready(call, wipsie)
        return report if status == 503 else None

    report = await eventually(is_red, 15, "readiness turns red")
    assert report is not None
    return report


async def processed(call: Any, wipsie: WipsieProcess) -> None:
    status, sent = await call(wipsie, "POST", "/sqs/send", BODY)
    assert status == 200, sent

    async def is_done() -> bool:
        _, answer = await call(wipsie, "GET", f"/sqs/runs?message_id={sent['message_id']}")
        return [run["status"] for run in answer["runs"]] == ["succeeded"]

    await eventually(is_done, 15, f"the message is processed\n{wipsie.log()[-3000:]}")


@pytest.mark.parametrize("away", ALL, indirect=True)
async def test_a_server_that_is_away_at_the_start_is_waited_for(start_wipsie: Start, call: Any, away: Away) -> None:
    wipsie = start_wipsie(["up"], environment=away.settings)
    await wipsie.wait_until_healthy("/health")
    status, report = await ready(call, wipsie)
    assert status == 503
    for check in away.checks:
        assert report["checks"][check]["status"] == "failed"
        assert report["checks"][check]["detail"] in report["reason"]
    if away.holds_queues:
        status, answer = await call(wipsie, "POST", "/sqs/send", BODY)
        assert (status, answer["error"]["code"]) == (503, "STORAGE_UNAVAILABLE")
        assert answer["error"]["request_id"]
    else:
        # The queues open beside the database, perhaps a moment after it was found away. From then on what comes in is
        # accepted, and processed when the database is there too.
        await until_ok(call, wipsie, "queue")
        status, _ = await call(wipsie, "POST", "/sqs/send", BODY)
        assert status == 200
    await away.start()
    await until_ready(call, wipsie)
    await processed(call, wipsie)
    (told,) = [line for line in wipsie.log().splitlines() if f'{next(iter(away.checks))}_cannot_be_reached"' in line]
    assert "secret" not in told
    assert await wipsie.stop() == 0


@pytest.mark.parametrize("away", ALL, indirect=True)
async def test_told_to_stop_while_it_waits_it_stops_at_once(start_wipsie: Start, away: Away) -> None:
    for roles in (["up"], ["worker", "--processes", "2"]):
        wipsie = start_wipsie(roles, environment=away.settings)
        await eventually(lambda: "_cannot_be_reached" in wipsie.log(), 20, f"it waits\n{wipsie.log()}")  # noqa: B023
        assert await wipsie.stop() == 0, wipsie.log()[-3000:]


@pytest.mark.parametrize("away", REMEMBER, indirect=True)
async def test_a_server_that_goes_away_and_comes_back_costs_nothing_but_time(
    start_wipsie: Start, call: Any, away: Away
) -> None:
    await away.start()
    wipsie = start_wipsie(["up"], environment=away.settings)
    await wipsie.wait_until_healthy("/health/ready")
    await processed(call, wipsie)
    await away.stop()
    report = await until_red(call, wipsie, away)
    assert set(away.checks) <= {name for name, check in report["checks"].items() if check["status"] == "failed"}
    status, _ = await call(wipsie, "GET", "/health")
    assert status == 200
    accepted: list[str] = []
    for _ in range(20):
        status, answer = await call(wipsie, "POST", "/sqs/send", BODY)
        if away.holds_queues:
            assert (status, answer["error"]["code"]) == (503, "STORAGE_UNAVAILABLE"), answer
        else:
            assert status == 200
            accepted.append(answer["message_id"])
    lines = len(wipsie.log().splitlines())
    process = psutil.Process(wipsie.pid)
    used_s = sum(process.cpu_times()[:2])
    await asyncio.sleep(3)
    assert sum(process.cpu_times()[:2]) - used_s < 1.0, "it does not wait, it spins"
    assert len(wipsie.log().splitlines()) - lines < 20, f"an outage floods the log:\n{wipsie.log()[-6000:]}"
    await away.start()
    await until_ready(call, wipsie)
    await processed(call, wipsie)
    for message_id in accepted:

        async def is_done(message_id: str = message_id) -> bool:
            _, answer = await call(wipsie, "GET", f"/sqs/runs?message_id={message_id}")
            return [run["status"] for run in answer["runs"]] == ["succeeded"]

        await eventually(is_done, BACK_S_MAX, f"what was accepted meanwhile is processed\n{wipsie.log()[-3000:]}")
    assert "Traceback" not in wipsie.log()
    assert await wipsie.stop() == 0


async def test_a_wrong_password_ends_the_start_with_one_sentence(start_wipsie: Start, server_folder: Path) -> None:
    redis = RedisServer(server_folder / "redis", password="right")
    postgres = PostgresServer(server_folder / "postgres")
    for server in (redis, postgres):
        await asyncio.to_thread(server.start)
    try:
        for setting, url in (
            ("QUEUE_URL", redis.url().replace("right", "wrong")),
            ("QUEUE_URL", postgres.url().replace("secret", "wrong")),
            ("DATABASE_URL", postgres.url().replace("secret", "wrong")),
        ):
            wipsie = start_wipsie(["up"], environment={setting: url})
            assert await wipsie.wait(20) == 1, wipsie.log()
            assert setting in wipsie.log()
            assert "[CONFIGURATION_ERROR]" in wipsie.log()
            assert "Traceback" not in wipsie.log()
            assert "wrong@" not in wipsie.log()
    finally:
        for server in (redis, postgres):
            await asyncio.to_thread(server.stop)


async def test_a_server_that_takes_connections_and_says_nothing_holds_nobody_up(
    start_wipsie: Start, call: Any, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        urls = {
            "queue of redis": {"QUEUE_URL": f"redis://{place}/0"},
            "queue of postgresql": {"QUEUE_URL": f"postgresql://wipsie:secret@{place}/wipsie"},
            "database of postgresql": {"DATABASE_URL": f"postgresql://wipsie:secret@{place}/wipsie"},
        }
        started = {
            name: start_wipsie(["up"], data_dir=tmp_path / name, environment=environment)
            for name, environment in urls.items()
        }
        for name, wipsie in started.items():
            await wipsie.wait_until_healthy("/health")
            store = name.partition(" ")[0]

            async def is_told(wipsie: WipsieProcess = wipsie, store: str = store) -> bool:
                status, report = await ready(call, wipsie)
                return status == 503 and place in report["checks"][store]["detail"]

            await eventually(is_told, 20, f"the reason is told\n{wipsie.log()[-2000:]}")
            assert "secret" not in wipsie.log()
            assert await wipsie.stop() == 0, wipsie.log()[-3000:]
