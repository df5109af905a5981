"""`wipsie queue …` on a folder where no Wipsie runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from wipsie.kernel.errors import ConfigurationError, InvalidInput, InvalidReceipt, QueueNotFound

Wipsie = Callable[..., Result]
WipsieJson = Callable[..., Any]


def counts(wipsie_json: WipsieJson, queue: str) -> dict[str, Any]:
    (row,) = wipsie_json("queue", "stats", queue)["queues"]
    return row


def test_without_queues_a_look_says_how_to_get_some(wipsie: Wipsie) -> None:
    with pytest.raises(ConfigurationError, match="wipsie up"):
        wipsie("queue", "stats")


def test_a_first_send_makes_the_queues(wipsie_json: WipsieJson) -> None:
    sent = wipsie_json("queue", "send", "default", "--data", '{"a": 1}')
    assert (sent["queue"], sent["status"]) == ("default", "sent")
    names = {one["queue"] for one in wipsie_json("queue", "list")["queues"]}
    assert names >= {"default", "data_polling", "task_processing", "notifications", "default_dlq"}
    assert counts(wipsie_json, "default")["ready"] == 1


def test_a_message_can_come_from_stdin(wipsie_json: WipsieJson) -> None:
    wipsie_json("queue", "send", "default", "-", "--priority", "high", input='{"task_type": "echo", "data": {"b": 2}}')
    (message,) = wipsie_json("queue", "peek", "default")["messages"]
    assert json.loads(message["body"])["data"] == {"b": 2}
    assert message["priority"] == 0


def test_a_task_that_does_not_fit_its_schema_is_refused(wipsie: Wipsie) -> None:
    with pytest.raises(InvalidInput, match="operation"):
        wipsie("queue", "send", "task_processing", "--task-type", "processing", "--data", "{}")


def test_an_unknown_queue_is_told_with_those_there_are(wipsie: Wipsie) -> None:
    with pytest.raises(QueueNotFound, match="default"):
        wipsie("queue", "send", "letters", "{}")


def test_a_message_that_is_no_json_object_is_refused(wipsie: Wipsie) -> None:
    with pytest.raises(InvalidInput, match="JSON object"):
        wipsie("queue", "send", "default", "[1]")


def test_receive_takes_and_delete_acknowledges(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    wipsie_json("queue", "send", "default", "{}")
    (message,) = wipsie_json("queue", "receive", "default")["messages"]
    assert counts(wipsie_json, "default")["leased"] == 1
    assert wipsie_json("queue", "delete", "default", message["receipt"], "--yes") == {"deleted": 1, "refused": []}
    assert counts(wipsie_json, "default")["total"] == 0
    with pytest.raises(InvalidReceipt):
        wipsie("queue", "delete", "default", "never issued", "--yes")


def test_a_purge_shows_what_it_would_do_and_asks(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    for _ in range(3):
        wipsie_json("queue", "send", "default", "{}")
    assert wipsie_json("queue", "purge", "default", "--dry-run")["would_remove"] == 3
    with pytest.raises(InvalidInput, match="--yes"):
        wipsie("queue", "purge", "default")
    assert counts(wipsie_json, "default")["total"] == 3
    assert wipsie_json("queue", "purge", "default", "--yes")["removed"] == 3
    assert counts(wipsie_json, "default")["total"] == 0


def test_a_paused_queue_delivers_nothing_until_resumed(wipsie_json: WipsieJson) -> None:
    wipsie_json("queue", "send", "default", "{}")
    assert wipsie_json("queue", "pause", "default")["paused"]
    assert wipsie_json("queue", "receive", "default")["message_count"] == 0
    assert not wipsie_json("queue", "resume", "default")["paused"]
    assert wipsie_json("queue", "receive", "default")["message_count"] == 1


def processed(wipsie: Wipsie, queue: str, action: str, *more: str) -> list[dict[str, Any]]:
    result = wipsie("queue", "process", queue, "--action", action, "--json", *more)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_process_shows_processes_deletes_and_skips(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    for number in range(4):
        wipsie_json("queue", "send", "default", "--data", f'{{"number": {number}}}')
    assert [line["action"] for line in processed(wipsie, "default", "show")] == ["show"] * 4
    assert [line["action"] for line in processed(wipsie, "default", "skip", "--max", "2")] == ["skip"] * 2
    assert counts(wipsie_json, "default")["ready"] == 4
    (line,) = processed(wipsie, "default", "process", "--max", "1")
    assert (line["status"], line["attempt"]) == ("succeeded", 1)
    assert len(processed(wipsie, "default", "delete")) == 3
    assert counts(wipsie_json, "default")["total"] == 0


def test_process_without_an_action_needs_somebody_to_ask(wipsie: Wipsie) -> None:
    with pytest.raises(InvalidInput, match="--action"):
        wipsie("queue", "process", "default")


def dead_letter(wipsie: Wipsie, wipsie_json: WipsieJson, amount: int) -> None:
    """Messages whose handler rejects them."""
    data = '{"source_url": "http://127.0.0.1:9/x", "poll_interval": 60}'
    for _ in range(amount):
        wipsie_json("queue", "send", "data_polling", "--task-type", "data_polling", "--data", data)
    lines = processed(wipsie, "data_polling", "process")
    assert [line["dead_lettered"] for line in lines] == [True] * amount


def test_redrive_moves_dead_letters_back_by_filter(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    dead_letter(wipsie, wipsie_json, 3)
    messages = wipsie_json("queue", "peek", "data_polling_dlq")["messages"]
    code = messages[0]["dead_letter"]["cause"]["code"]
    assert wipsie_json("queue", "redrive", "data_polling", "--code", "TIMED_OUT", "--dry-run")["would_move"] == 0
    assert wipsie_json("queue", "redrive", "data_polling", "--code", code, "--dry-run")["would_move"] == 3
    one = messages[1]["message_id"]
    assert wipsie_json("queue", "redrive", "data_polling_dlq", "--id", one)["moved"] == 1
    (back,) = wipsie_json("queue", "peek", "data_polling")["messages"]
    assert (back["message_id"], back["redrive_count"]) == (one, 1)
    assert wipsie_json("queue", "redrive", "data_polling", "--max", "1")["moved"] == 1
    assert counts(wipsie_json, "data_polling_dlq")["total"] == 1


def test_peek_tells_the_whole_story_of_a_dead_letter(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    dead_letter(wipsie, wipsie_json, 1)
    (message,) = wipsie_json("queue", "peek", "data_polling_dlq")["messages"]
    told = wipsie("queue", "peek", "data_polling_dlq", "--id", message["message_id"]).stdout
    assert "from wipsie-data-polling" in told
    assert message["dead_letter"]["cause"]["code"] in told


def test_tables_name_every_queue(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    wipsie_json("queue", "send", "default", "{}")
    for command in ("stats", "list"):
        told = wipsie("queue", command).stdout
        assert all(name in told for name in ("default", "data_polling", "task_processing", "notifications"))


def test_every_change_of_a_queue_is_in_the_audit_log(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    wipsie_json("queue", "send", "default", "--data", '{"a": 1}')
    wipsie_json("queue", "pause", "default")
    wipsie_json("queue", "resume", "default")
    wipsie_json("queue", "redrive", "default")
    wipsie_json("queue", "purge", "default", "--yes")
    logged = [one for one in wipsie_json("audit", "list") if one["action"].startswith("queue:")]
    assert [(one["action"], one["object"]) for one in reversed(logged)] == [
        (f"queue:queue:{verb}", "queue:default") for verb in ("pause", "resume", "redrive", "purge")
    ]
    assert logged[0]["facts"] == {"messages": 1}
    with pytest.raises(QueueNotFound):
        wipsie("queue", "purge", "no_such_queue", "--yes")
    assert len([one for one in wipsie_json("audit", "list") if one["action"].startswith("queue:")]) == 4
