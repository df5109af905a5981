"""Promises of proposed incidents: one for each trouble of the pipelines, one click to accept it, and whether it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from wipsie.audit import list_events
from wipsie.kernel.ids import new_message_id
from wipsie.queue.contract import NewMessage

if TYPE_CHECKING:
    from wipsie.testing.office import Office

STUCK: dict[str, Any] = {
    "problem": "queue_stuck",
    "subject_kind": "queue",
    "subject": "notifications",
    "state": "failing",
    "sentence": "notifications does not move: its oldest message has waited for 320 s, 7 wait.",
    "noticed_at_ms": 1,
    "facts": {"ready": 7},
}


@pytest.fixture
async def office(office: Office) -> Office:
    await office.open_queues()
    return office


async def _signal(office: Office, *, times: int = 1, **fields: Any) -> Any:
    return await office.deliver("operations", "operations_signal", {**STUCK, **fields}, times=times)


async def test_a_trouble_proposes_an_incident_of_which_the_leads_hear(office: Office) -> None:
    assert await _signal(office) == {"incident": "INC-1", "status": "proposed"}
    incident = (await office["ann"].get("/api/incidents/INC-1")).ok()
    assert (incident["title"], incident["severity"], incident["status"]) == (
        "notifications does not move",
        "sev2",
        "proposed",
    )
    assert (incident["summary"], incident["source"], incident["created_by"]) == (STUCK["sentence"], "queue", None)
    assert len(await office.mail_to("lea")) == 1
    assert await office.mail_to("ann") == []
    (event,) = await list_events(office.parts.database, action="asyncops:incident:propose")
    assert event.actor == "system:operations"


async def test_a_trouble_that_goes_on_is_the_same_incident(office: Office) -> None:
    for _ in range(3):
        await _signal(office)
    incident = (await office["ann"].get("/api/incidents/INC-1")).ok()
    assert incident["occurrences"] == 3
    assert len(await office["ann"].all_pages("/api/incidents")) == 1
    # Another trouble is another incident, also with the same queue.
    assert (await _signal(office, problem="dead_letters_growing"))["incident"] == "INC-2"
    assert (await _signal(office, subject="default"))["incident"] == "INC-3"


async def test_a_message_that_is_delivered_twice_counts_once(office: Office) -> None:
    assert await _signal(office, times=2) == {"incident": None, "status": "handled before"}
    assert (await office["ann"].get("/api/incidents/INC-1")).ok()["occurrences"] == 1


async def test_one_click_accepts_and_a_new_trouble_after_the_end_is_a_new_incident(office: Office) -> None:
    await _signal(office)
    path = "/api/incidents/INC-1"
    accepted = await office["ann"].move(f"{path}/transitions", {"to": "declared"})
    assert accepted.ok()["declared_by"]["name"] == "Ann"
    await _signal(office)
    assert (await office["ann"].get(path)).ok()["occurrences"] == 2
    for state in ("resolved", "closed"):
        (await office["lea"].move(f"{path}/transitions", {"to": state})).ok()
    assert (await _signal(office))["incident"] == "INC-2"


async def test_the_page_of_the_queue_finds_its_incident(office: Office) -> None:
    await _signal(office)
    links = (await office["ann"].get("/api/links?to_kind=queue&to_id=notifications")).ok()["data"]
    assert [link["record"]["id"] for link in links] == [(await office["ann"].get("/api/incidents/INC-1")).ok()["id"]]


async def test_mails_of_one_rule_are_one_incident_with_the_title_and_severity_the_rule_gives(office: Office) -> None:
    mails = [f"mail_{number:032x}" for number in range(2)]
    for mail in mails:
        await _signal(
            office,
            problem="mail_rule_matched",
            subject_kind="mail",
            subject=mail,
            trouble="mrl_1",
            title="Alarm: the cellar is wet",
            severity="sev1",
            sentence="The mail rule Alarms holds of a mail from cellar@example.org: wet",
        )
    incident = (await office["ann"].get("/api/incidents/INC-1")).ok()
    assert {name: incident[name] for name in ("title", "severity", "status", "occurrences")} == {
        "title": "Alarm: the cellar is wet",
        "severity": "sev1",
        "status": "proposed",
        "occurrences": 2,
    }
    assert len(await office["ann"].all_pages("/api/incidents")) == 1
    for mail in mails:
        (link,) = (await office["ann"].get(f"/api/links?to_kind=mail&to_id={mail}")).ok()["data"]
        assert link["record"]["id"] == incident["id"]
    # It is about no queue, so nobody is told whether one is well.
    accepted = await office["ann"].move("/api/incidents/INC-1/transitions", {"to": "declared"})
    assert accepted.ok()["pipeline"] is None
    # Another rule is another trouble, with the words there are for all of them.
    assert (await _signal(office, problem="mail_rule_matched", subject_kind="mail", subject=mails[0], trouble="mrl_2"))[
        "incident"
    ] == "INC-2"
    other = (await office["ann"].get("/api/incidents/INC-2")).ok()
    assert (other["title"], other["severity"]) == ("A mail calls for attention", "sev3")


async def test_the_end_of_a_trouble_is_noted_and_its_followers_hear_of_it(office: Office) -> None:
    assert await _signal(office, state="recovered", sentence="notifications is well again after 9 minutes.") == {
        "incident": None,
        "status": "nothing open",
    }
    await _signal(office)
    await office["ann"].move("/api/incidents/INC-1/transitions", {"to": "declared"})
    await _signal(office, state="recovered", sentence="notifications is well again after 9 minutes.")
    events = await office["ann"].all_pages("/api/incidents/INC-1/timeline?sort=recorded_at")
    assert [event["kind"] for event in events] == ["created", "transition", "signal"]
    assert events[-1]["body"] == "notifications is well again after 9 minutes."
    assert any("well again" in subject for subject in await office.mail_to("ann"))


async def test_closing_shows_whether_the_queue_has_recovered(office: Office) -> None:
    await _signal(office)
    path = "/api/incidents/INC-1"
    engine = office.parts.engine
    await engine.send(
        NewMessage(queue=engine.resolve("notifications"), body="{}", message_id=new_message_id(), delay_s=0)
    )
    office.clock.jump(400)
    (await office["lea"].move(f"{path}/transitions", {"to": "declared"})).ok()
    resolved = (await office["lea"].move(f"{path}/transitions", {"to": "resolved"})).ok()
    assert resolved["pipeline"]["is_well"] is False
    assert resolved["pipeline"]["sentence"].startswith("notifications has not recovered: its oldest message has waited")
    await engine.purge(engine.resolve("notifications"))
    closed = (await office["lea"].move(f"{path}/transitions", {"to": "closed"})).ok()
    assert closed["pipeline"] == {
        "queue": "notifications",
        "is_well": True,
        "sentence": "notifications has recovered.",
        "ready": 0,
        "oldest_ready_age_s": None,
        "dead_letters": 0,
        "paused": False,
    }
    events = await office["ann"].all_pages(f"{path}/timeline?sort=recorded_at")
    assert [event["data"]["pipeline"]["is_well"] for event in events if event["kind"] == "transition"] == [
        False,
        False,
        True,
    ]


async def test_a_queue_that_cannot_be_seen_keeps_nobody_from_closing(office: Office) -> None:
    await _signal(office)
    await office.parts.engine.stop()
    accepted = await office["ann"].move("/api/incidents/INC-1/transitions", {"to": "declared"})
    assert accepted.ok()["pipeline"] is None
