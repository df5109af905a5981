"""`wipsie queue migrate`: from one store to another by the command line, told and refused in words."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from wipsie.app.instances import InstanceFile
from wipsie.app.queue_move import shows_password, store_name
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import Conflict, InvalidInput, QueueNotFound, StorageUnavailable
from wipsie.kernel.ids import MessageId, QueueName, new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import NewMessage, QueueSettings
from wipsie.testing.eventually import eventually
from wipsie.testing.process import WipsieProcess
from wipsie.testing.servers import PostgresServer, RedisServer

Wipsie = Callable[..., Result]
WipsieJson = Callable[..., Any]


@pytest.fixture
def there(tmp_path: Path) -> str:
    """A store that does not exist yet."""
    return f"sqlite:///{tmp_path / 'there' / 'queue.db'}"


@pytest.fixture
def filled(wipsie_json: WipsieJson) -> WipsieJson:
    """The queues of this data folder with a few messages in them."""
    for number in range(3):
        wipsie_json("queue", "send", "default", "--data", f'{{"n": {number}}}', "--priority", "high")
    wipsie_json("queue", "send", "notifications", "--delay", "2h")
    return wipsie_json


def bodies(answer: Any) -> list[Any]:
    return [json.loads(one["body"])["data"] for one in answer["messages"]]


def test_a_dry_run_tells_and_makes_nothing(filled: WipsieJson, there: str, tmp_path: Path) -> None:
    plan = filled("queue", "migrate", "--to", there, "--dry-run")
    assert plan["would_move"] == 4
    (default,) = [one for one in plan["queues"] if one["queue"] == "default"]
    assert (default["would_move"], default["ready"], default["exists"]) == (3, 3, False)
    assert not (tmp_path / "there").exists()
    assert filled("queue", "stats", "default")["queues"][0]["ready"] == 3


def test_everything_moves_and_works_at_the_new_place(
    filled: WipsieJson, there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = filled("queue", "migrate", "--to", there)
    assert (report["moved"], report["left"], report["interrupted"]) == (4, 0, False)
    assert all(one["created"] for one in report["queues"])
    assert {one["total"] for one in filled("queue", "stats")["queues"]} == {0}
    monkeypatch.setenv("QUEUE_URL", there)
    assert bodies(filled("queue", "peek", "default")) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert filled("queue", "stats", "notifications")["queues"][0]["delayed"] == 1
    assert not any(one["paused"] for one in filled("queue", "list")["queues"])


def test_a_person_reads_a_table_and_a_sentence(filled: WipsieJson, wipsie: Wipsie, there: str) -> None:
    result = wipsie("queue", "migrate", "--to", there)
    assert result.exit_code == 0
    assert "Moved 4 message(s)" in result.stdout
    assert "default_dlq" in result.stdout
    assert "Would move 0 message(s)." in wipsie("queue", "migrate", "--to", there, "--dry-run").stdout


def test_a_second_run_moves_what_came_since(filled: WipsieJson, there: str) -> None:
    filled("queue", "migrate", "--to", there)
    filled("queue", "send", "default", "{}")
    report = filled("queue", "migrate", "--to", there)
    assert report["moved"] == 1
    assert not any(one["created"] for one in report["queues"])


def test_one_queue_takes_its_dead_letter_queue_along_but_not_its_letters(filled: WipsieJson, there: str) -> None:
    report = filled("queue", "migrate", "--to", there, "--queue", "default")
    assert {one["queue"]: one["moved"] for one in report["queues"]} == {"default": 3, "default_dlq": 0}
    assert filled("queue", "stats", "notifications")["queues"][0]["total"] == 1


def test_settings_that_differ_are_told_and_those_of_the_destination_kept(
    filled: WipsieJson, wipsie: Wipsie, there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled("queue", "migrate", "--to", there)
    monkeypatch.setenv("QUEUE_URL", there)
    filled("queue", "pause", "default")
    monkeypatch.delenv("QUEUE_URL")
    report = filled("queue", "migrate", "--to", there)
    (default,) = [one for one in report["queues"] if one["queue"] == "default"]
    assert default["differences"] == [{"setting": "paused", "source": False, "destination": True}]
    assert "keeps its paused True (source False)" in wipsie("queue", "migrate", "--to", there).stdout


def test_messages_being_worked_on_are_not_torn_from_their_worker(
    filled: WipsieJson, wipsie: Wipsie, there: str
) -> None:
    filled("queue", "receive", "default", "--visibility", "1h")
    with pytest.raises(Conflict, match=r"1 message\(s\) of 'wipsie-default' are being worked on.*--wait"):
        wipsie("queue", "migrate", "--to", there)
    assert not any(one["paused"] for one in filled("queue", "list")["queues"])


def test_a_lease_that_ends_within_the_wait_is_waited_for(filled: WipsieJson, there: str) -> None:
    filled("queue", "receive", "default", "--visibility", "0.5s")
    assert filled("queue", "migrate", "--to", there, "--wait", "10s")["moved"] == 4


def test_the_same_store_under_two_names_is_recognised(
    filled: WipsieJson, wipsie: Wipsie, data_dir: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(data_dir)
    hard = tmp_path / "hard.db"
    hard.hardlink_to(data_dir / "queue.db")
    for other_name in (link / "queue.db", hard):
        with pytest.raises(InvalidInput, match="same store"):
            wipsie("queue", "migrate", "--to", f"sqlite:///{other_name}")
    assert filled("queue", "stats", "default")["queues"][0]["total"] == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--to", "mongodb://somewhere/x"), "--to must be a URL"),
        (("--to", "nonsense"), "--to must be a URL"),
        (("--from", "sqlite:////nowhere/queue.db", "--to", "sqlite:////tmp/x.db"), "no queues at"),
        (("--to", "sqlite:////tmp/x.db", "--wait", "soon"), "--wait"),
    ],
)
def test_what_cannot_be_meant_is_told(wipsie: Wipsie, arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        wipsie("queue", "migrate", *arguments)


def test_the_stores_may_be_named_where_no_list_of_processes_shows_them(
    filled: WipsieJson, there: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIPSIE_MOVE_TO", there)
    assert filled("queue", "migrate", "--queue", "default")["moved"] == 3
    monkeypatch.setenv("WIPSIE_MOVE_FROM", there)
    monkeypatch.setenv("WIPSIE_MOVE_TO", f"sqlite:///{data_dir / 'queue.db'}")
    assert filled("queue", "migrate")["moved"] == 3
    assert filled("queue", "stats", "default")["queues"][0]["ready"] == 3


def test_an_option_goes_before_a_variable(filled: WipsieJson, there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIPSIE_MOVE_TO", "sqlite:////nowhere/else.db")
    monkeypatch.setenv("WIPSIE_MOVE_FROM", "sqlite:////nowhere/queue.db")
    source = f"sqlite:///{Path(os.environ['WIPSIE_DATA_DIR']) / 'queue.db'}"
    assert filled("queue", "migrate", "--from", source, "--to", there)["moved"] == 4


def test_the_variables_may_stand_in_the_settings_file(filled: WipsieJson, there: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"WIPSIE_MOVE_TO={there}\n")
    assert filled("queue", "migrate")["moved"] == 4


def test_a_missing_destination_is_told_with_both_ways_to_name_it(filled: WipsieJson, wipsie: Wipsie) -> None:
    del filled
    with pytest.raises(InvalidInput, match=r"--to, or in the variable WIPSIE_MOVE_TO"):
        wipsie("queue", "migrate")


def test_a_refusal_names_where_the_store_was_written_and_no_password(
    filled: WipsieJson, wipsie: Wipsie, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    del filled
    monkeypatch.setenv("WIPSIE_MOVE_TO", f"postgresql://me:hush@127.0.0.1:{port}/wipsie")
    with pytest.raises(StorageUnavailable, match="check WIPSIE_MOVE_TO") as refusal:
        wipsie("queue", "migrate")
    assert "hush" not in f"{refusal.value.message} {refusal.value.details}"
    monkeypatch.setenv("WIPSIE_MOVE_TO", "mongodb://me:hush@somewhere/x")
    with pytest.raises(InvalidInput, match="WIPSIE_MOVE_TO must be a URL") as other:
        wipsie("queue", "migrate")
    assert "hush" not in f"{other.value.message} {other.value.details}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hush@localhost/0", True),
        ("postgresql://host/name?user=me&password=hush", True),
        ("postgresql://me@host/name", False),
        ("sqlite:////queue.db", False),
        ("postgresql://[", False),
    ],
)
def test_a_password_is_found_wherever_a_url_may_hold_one(url: str, shown: bool) -> None:
    assert shows_password(url) is shown


@pytest.mark.slow
def test_a_password_among_the_options_is_remarked_on_without_repeating_it(
    filled: WipsieJson, wipsie: Wipsie, there: str, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    del filled
    name = f"migrate_{os.urandom(4).hex()}"
    url = postgres_server.create_database(name)
    remark = wipsie("queue", "migrate", "--to", url, "--dry-run").stderr
    assert "The password in --to" in remark
    assert "WIPSIE_MOVE_TO" in remark
    assert "secret" not in remark
    assert "password" not in wipsie("queue", "migrate", "--to", there, "--dry-run").stderr
    monkeypatch.setenv("WIPSIE_MOVE_TO", url)
    assert "password" not in wipsie("queue", "migrate", "--dry-run").stderr
    postgres_server.drop_database(name)


@pytest.mark.slow
def test_a_postgresql_url_without_password_takes_it_from_the_variable_of_its_own_tools(
    filled: WipsieJson, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"migrate_{os.urandom(4).hex()}"
    url = postgres_server.create_database(name)
    assert shows_password(url)
    monkeypatch.setenv("PGPASSWORD", "secret")
    report = filled("queue", "migrate", "--to", url.replace(":secret@", "@"), "--lossy")
    assert report["moved"] == 4
    postgres_server.drop_database(name)


def test_an_unknown_queue_is_told_with_those_there_are(filled: WipsieJson, wipsie: Wipsie, there: str) -> None:
    with pytest.raises(QueueNotFound, match="wipsie-default"):
        wipsie("queue", "migrate", "--to", there, "--queue", "letters")


def test_a_store_that_cannot_be_reached_is_told_and_nothing_is_paused(
    filled: WipsieJson, wipsie: Wipsie, port: int
) -> None:
    with pytest.raises(StorageUnavailable):
        wipsie("queue", "migrate", "--to", f"redis://127.0.0.1:{port}/0")
    assert not any(one["paused"] for one in filled("queue", "list")["queues"])


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (
            "postgres://me:se%40cret@DB.example.org/wipsie?sslmode=require",
            "postgresql://db.example.org:5432/wipsie?sslmode=require",
        ),
        ("postgresql://db.example.org:5432/wipsie?password=x", "postgresql://db.example.org:5432/wipsie"),
        ("redis://:secret@localhost/1", "redis://localhost:6379/1"),
        ("sqs://us-east-1?endpoint_url=http://localhost:1", "sqs://us-east-1?endpoint_url=http%3A%2F%2Flocalhost%3A1"),
        ("sqlite:////nowhere/../queue.db", "sqlite:////queue.db"),
    ],
)
def test_stores_are_named_without_secrets_and_alike(url: str, name: str) -> None:
    assert store_name("--to", url) == name


def test_a_wipsie_that_runs_here_is_mentioned(filled: WipsieJson, wipsie: Wipsie, there: str, data_dir: Path) -> None:
    instance = InstanceFile(data_dir, roles=("worker",), address=None, clock=SystemClock())
    instance.write()
    try:
        assert f"process {os.getpid()} (worker)" in wipsie("queue", "migrate", "--to", there).stderr
    finally:
        instance.remove()


@pytest.mark.slow
def test_the_command_moves_through_all_kinds_of_stores(
    filled: WipsieJson,
    postgres_server: PostgresServer,
    redis_server: RedisServer,
    there: str,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = os.urandom(4).hex()
    places = [
        f"sqlite:///{data_dir / 'queue.db'}",
        postgres_server.create_database(f"migrate_{token}"),
        redis_server.url(db=13),
        there,
    ]
    for source, destination in pairwise(places):
        # The servers of the tests do not wait for the disk, and say so.
        report = filled("queue", "migrate", "--from", source, "--to", destination, "--lossy")
        assert (report["moved"], report["left"], report["notes"]) == (4, 0, [])
    monkeypatch.setenv("QUEUE_URL", there)
    assert bodies(filled("queue", "peek", "default")) == [{"n": 0}, {"n": 1}, {"n": 2}]
    postgres_server.drop_database(f"migrate_{token}")


# Real processes

QUEUE = QueueName("wipsie-default")
_MESSAGES = 20_000


class Books:
    """Two files, what was put into one and what is in both now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sent: list[MessageId] = []

    def store(self, name: str) -> SqliteQueueBackend:
        return SqliteQueueBackend(self.folder / f"{name}.db", clock=SystemClock(), synchronous="NORMAL")

    async def fill(self) -> None:
        backend = self.store("here")
        await backend.start()
        await backend.create_queue(QueueSettings(name=QUEUE))
        self.sent = [new_message_id() for _ in range(_MESSAGES)]
        for start in range(0, _MESSAGES, 1000):
            await backend.send(
                [
                    NewMessage(queue=QUEUE, body=one, message_id=one, delay_s=0.0 if number % 10 else 5000.0)
                    for number, one in enumerate(self.sent[start : start + 1000])
                ]
            )
        await backend.stop()

    async def held(self, name: str) -> list[MessageId]:
        backend = self.store(name)
        await backend.start()
        found: list[MessageId] = []
        after = 0
        while page := await backend.peek(QUEUE, limit=1000, after_sequence_number=after):
            found += [one.message_id for one in page]
            after = page[-1].sequence_number
        await backend.stop()
        return found

    async def arrived(self) -> int:
        """How many are in the destination, asked while the mover runs."""
        backend = self.store("there")
        await backend.start()
        try:
            if QUEUE not in {one.name for one in await backend.list_queues()}:
                return 0
            return (await backend.counts(QUEUE)).total
        finally:
            await backend.stop()

    async def reached(self, goal: int, mover: WipsieProcess) -> bool:
        """So many have arrived, or the mover came to its end."""
        return mover.return_code is not None or await self.arrived() >= goal

    def seen(self) -> int:
        """The same, past whatever the mover holds."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.folder / 'there.db'}?mode=ro", uri=True)) as there:
                return there.execute("SELECT count(*) FROM messages").fetchone()[0]
        except sqlite3.OperationalError:
            # Not made yet.
            return 0

    def mover(self) -> WipsieProcess:
        urls = [f"sqlite:///{self.folder / name}.db" for name in ("here", "there")]
        return WipsieProcess(
            ["queue", "migrate", "--from", urls[0], "--to", urls[1], "--json"], data_dir=self.folder / "data"
        )


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_killed_command_is_run_again_and_every_message_arrives_once(tmp_path: Path) -> None:
    books = Books(tmp_path)
    await books.fill()
    mover = books.mover()
    kills = 0
    for goal in (1, 3_000, 6_000, 9_000, 12_000, 15_000):
        mover.start()
        await eventually(partial(books.reached, goal, mover), 30, f"{goal} have arrived", interval_s=0.001)
        if mover.return_code is not None:
            break
        mover.kill()
        kills += 1
    assert kills >= 3, f"the mover was too fast to be killed: {kills}"
    mover.start()
    assert await mover.wait(60) == 0, mover.log()
    assert await books.held("there") == books.sent
    assert await books.held("here") == []


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_ctrl_c_stops_between_two_batches_and_says_how_to_go_on(tmp_path: Path) -> None:
    books = Books(tmp_path)
    await books.fill()
    mover = books.mover()
    mover.start()
    await mover.hold_midway(lambda: books.seen() > 0)
    os.kill(mover.pid, signal.SIGINT)
    mover.go_on()
    assert await mover.wait(20) == 130, mover.log()
    moved = await books.held("there")
    assert 0 < len(moved) < _MESSAGES
    assert moved + await books.held("here") == books.sent
    mover.start()
    assert await mover.wait(60) == 0, mover.log()
    assert await books.held("there") == books.sent
