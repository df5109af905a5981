"""`wipsie schedule …`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from wipsie.kernel.errors import InvalidInput, NotFound, QueueNotFound

Wipsie = Callable[..., Result]
WipsieJson = Callable[..., Any]


def test_a_schedule_is_added_paused_resumed_and_removed(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    added = wipsie_json(
        "schedule", "add", "nightly", "default", "--cron", "0 2 * * *", "--message", '{"data": {"a": 1}}'
    )
    assert (added["cron"], added["message"], added["enabled"]) == ("0 2 * * *", {"data": {"a": 1}}, True)
    assert [one["name"] for one in wipsie_json("schedule", "list")] == ["nightly"]
    assert len(wipsie_json("schedule", "preview", "nightly", "--count", "3")["next_fires"]) == 3
    assert not wipsie_json("schedule", "pause", "nightly")["enabled"]
    assert "paused" in wipsie("schedule", "list").stdout
    assert wipsie_json("schedule", "resume", "nightly")["enabled"]
    assert wipsie_json("schedule", "remove", "nightly", "--dry-run")["name"] == "nightly"
    with pytest.raises(InvalidInput, match="--yes"):
        wipsie("schedule", "remove", "nightly")
    assert wipsie_json("schedule", "remove", "nightly", "--yes") == {"removed": "nightly"}
    with pytest.raises(NotFound):
        wipsie("schedule", "pause", "nightly")


@pytest.mark.parametrize(
    "when", [["--cron", "nonsense"], ["--every", "soon"], [], ["--cron", "@daily", "--every", "5m"]], ids=str
)
def test_a_schedule_that_says_no_time_is_refused(wipsie: Wipsie, when: list[str]) -> None:
    with pytest.raises(InvalidInput):
        wipsie("schedule", "add", "bad", "default", *when)


def test_a_schedule_for_a_queue_that_is_not_there_is_refused(wipsie: Wipsie) -> None:
    with pytest.raises(QueueNotFound):
        wipsie("schedule", "add", "bad", "letters", "--every", "5m")


def test_a_schedule_is_triggered_by_hand_and_keeps_its_times(wipsie: Wipsie, wipsie_json: WipsieJson) -> None:
    wipsie_json("schedule", "add", "nightly", "default", "--cron", "0 3 * * *", "--message", '{"message": "x"}')
    (before,) = [one for one in wipsie_json("schedule", "list") if one["name"] == "nightly"]
    told = wipsie_json("schedule", "trigger", "nightly")
    (after,) = [one for one in wipsie_json("schedule", "list") if one["name"] == "nightly"]
    assert after["last_message_id"] == told["message_id"]
    assert (after["fire_count"], after["next_fire_at_ms"]) == (1, before["next_fire_at_ms"])
    assert wipsie_json("audit", "list")[0]["action"] == "workers:schedule:trigger"
