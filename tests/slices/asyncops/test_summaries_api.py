"""Promises of summaries over HTTP: read in every form, for any past day, made again by hand, and by those who may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from summary_office import MONDAY, PATH, TUESDAY, fire, go_to, kept, letters, ms

from wipsie.kernel.ids import new_message_id
from wipsie.queue.contract import DeadLetterCause, DeadLetterOrder, NewMessage
from wipsie.workers.run_log import TaskRun

if TYPE_CHECKING:
    from wipsie.testing.office import Office


async def preview(office: Office, window_end: str | None = None, who: str = "ann") -> Any:
    query = "" if window_end is None else f"?window_end={window_end}"
    return (await office[who].post(f"{PATH}/preview{query}", None)).ok()


def numbers(listing: dict[str, Any]) -> list[str]:
    return [one["number"] for one in listing["items"]]


async def test_a_summary_is_found_by_its_id_by_its_day_and_as_the_latest(office: Office) -> None:
    go_to(office, MONDAY)
    await fire(office, MONDAY)
    (summary,) = await kept(office)
    for reference in (summary.id, "2025-10-06", "latest"):
        shown = (await office["otto"].get(f"{PATH}/{reference}")).ok()
        assert (shown["id"], shown["date"], shown["edition"]) == (summary.id, "2025-10-06", 1)
        assert shown["content"]["schema"] == "wipsie.daily-summary/1"
        assert shown["content"]["hash"] == shown["content_hash"]
        assert (shown["window_start"], shown["window_end"]) == (
            "2025-10-05T09:00:00.000000Z",
            "2025-10-06T09:00:00.000000Z",
        )
    for reference in ("2025-10-05", "sum_0", "yesterday", "2025-13-01"):
        (await office["ann"].get(f"{PATH}/{reference}")).refused(404, "NOT_FOUND")


async def test_the_list_has_headlines_and_not_all_that_is_said(office: Office) -> None:
    for day in (MONDAY, TUESDAY):
        go_to(office, day)
        await fire(office, day)
    page = (await office["ann"].get(f"{PATH}?include=total")).ok()
    assert [one["date"] for one in page["data"]] == ["2025-10-07", "2025-10-06"]
    assert page["total"]["count"] == 2
    assert "content" not in page["data"][0]
    assert page["data"][0]["headline"][0] == "Nothing needs anybody today."
    one_day = (await office["ann"].get(f"{PATH}?date_from=2025-10-06&date_to=2025-10-06")).ok()["data"]
    assert [one["date"] for one in one_day] == ["2025-10-06"]
    assert (await office["ann"].get(f"{PATH}?generator=manual")).ok()["data"] == []
    assert len(await office["ann"].all_pages(f"{PATH}?limit=1&sort=created_at")) == 2


async def test_pages_are_answered_in_their_own_types_with_tags_and_bound_hands(office: Office) -> None:
    (await office["ann"].post("/api/incidents", {"title": "<b>Mail</b> stands still", "severity": "sev1"})).ok(201)
    go_to(office, MONDAY)
    await fire(office, MONDAY)
    markdown = await office["ann"].get(f"{PATH}/latest.md")
    assert markdown.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert "\\<b\\>Mail" in markdown.ok()
    html = await office["ann"].get(f"{PATH}/2025-10-06.html")
    assert html.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "&lt;b&gt;Mail&lt;/b&gt; stands still" in html.ok()
    assert "default-src 'none'" in html.headers["Content-Security-Policy"]
    assert (await office["ann"].get(f"{PATH}/2025-10-06.html", If_None_Match=html.etag)).status == 304
    (await office["ann"].get(f"{PATH}/2025-10-05.html")).refused(404, "NOT_FOUND")
    (await office["ann"].get(f"{PATH}/latest.md?who=me")).refused(422, "VALIDATION_ERROR")
    hostile = (await office["ann"].get(f'{PATH}/latest.html?person="><script>')).ok()
    assert "<script" not in hostile


async def test_the_feed_has_the_newest_edition_of_each_of_the_last_days(office: Office) -> None:
    for day in (MONDAY, TUESDAY):
        go_to(office, day)
        await fire(office, day)
    again = (await office["lea"].post(f"{PATH}/run", {"date": "2025-10-06"})).ok(201)
    feed = await office["ann"].get(f"{PATH}/feed")
    assert feed.headers["Content-Type"].startswith("application/rss+xml")
    items = ET.fromstring(feed.ok()).findall("channel/item")  # noqa: S314  what we wrote ourselves
    assert [one.findtext("title") for one in items] == [
        "Summary of Tuesday, 7 October 2025: nothing urgent",
        "Summary of Monday, 6 October 2025: nothing urgent",
    ]
    assert items[1].findtext("guid") == again["id"]
    assert (await office["ann"].get(f"{PATH}/feed", If_None_Match=feed.etag)).status == 304
    atom = await office["ann"].get(f"{PATH}/feed?format=atom")
    root = ET.fromstring(atom.ok())  # noqa: S314  what we wrote ourselves
    assert len(root.findall("{http://www.w3.org/2005/Atom}entry")) == 2
    (await office["ann"].get(f"{PATH}/feed?format=json")).refused(422, "VALIDATION_ERROR")


async def test_an_empty_feed_is_a_feed(office: Office) -> None:
    for form in ("rss", "atom"):
        ET.fromstring((await office["ann"].get(f"{PATH}/feed?format={form}")).ok())  # noqa: S314  what we wrote ourselves


async def test_only_leads_and_admins_make_summaries_and_everybody_reads_them(office: Office) -> None:
    for name in ("ann", "otto"):
        (await office[name].post(f"{PATH}/run", {})).refused(403, "FORBIDDEN")
    for name in ("lea", "ada"):
        (await office[name].post(f"{PATH}/run", {})).ok(201)
    for name in ("ann", "lea", "ada", "otto"):
        (await office[name].get(f"{PATH}/latest")).ok()
        await preview(office, who=name)


async def test_made_by_hand_it_is_a_further_edition_and_the_first_stays_as_it_is(office: Office) -> None:
    go_to(office, MONDAY)
    await fire(office, MONDAY)
    (first,) = await kept(office)
    # Nothing happened: the same data, the same hash.
    office.clock.jump(7200)
    same = (await office["lea"].post(f"{PATH}/run", {})).ok(201)
    assert (same["edition"], same["generator"], same["content_hash"]) == (2, "manual", first.content_hash)
    assert same["created_by"]["id"] == office["lea"].user_id
    assert same["sent_at"] is None
    third = (await office["lea"].post(f"{PATH}/run", {"date": "2025-10-06", "send": True})).ok(201)
    assert (third["edition"], third["sent_to"]) == (3, 5)
    assert (await kept(office))[0] == first
    assert len(await letters(office)) == 10
    assert (await office["ann"].get(f"{PATH}/2025-10-06")).ok()["edition"] == 3


async def test_a_run_that_is_repeated_with_its_key_makes_one_edition(office: Office) -> None:
    go_to(office, MONDAY)
    answers = [await office["lea"].post(f"{PATH}/run", {"send": True}, Idempotency_Key="today") for _ in range(2)]
    assert answers[0].ok(201)["id"] == answers[1].ok(201)["id"]
    assert len(await kept(office)) == 1
    assert len(await letters(office)) == 5


@pytest.mark.parametrize(
    "body",
    [
        {"date": "2025-10-07"},
        {"window_end": "2025-10-06T10:00:00Z"},
        {"date": "2025-10-05", "window_end": "2025-10-05T09:00:00Z"},
        {"window_end": "1970-01-01T00:00:00Z"},
        {"window_end": "2025-10-05T09:00:00"},
        {"date": "yesterday"},
        {"send": "yes"},
        {"who": "ann"},
    ],
)
async def test_windows_that_are_not_over_or_make_no_sense_are_refused(office: Office, body: dict[str, Any]) -> None:
    go_to(office, MONDAY)
    (await office["lea"].post(f"{PATH}/run", body)).refused(422, "VALIDATION_ERROR")
    assert await kept(office) == []


async def test_a_preview_of_any_past_day_tells_what_was_known_then_and_keeps_nothing(office: Office) -> None:
    incident = (await office["ann"].post("/api/incidents", {"title": "Mail stands still", "severity": "sev2"})).ok(201)
    go_to(office, "2025-10-05T12:00:00Z")
    path = f"/api/incidents/{incident['number']}"
    (await office["lea"].patch(path, {"title": "Mail is slow", "severity": "sev3", "lead": office["bob"].user_id})).ok()
    go_to(office, "2025-10-06T12:00:00Z")
    (await office["lea"].move(f"{path}/transitions", {"to": "resolved"})).ok()
    go_to(office, "2025-10-08T10:00:00Z")

    sunday, monday, tuesday, wednesday = [await preview(office, f"2025-10-{day:02}") for day in (5, 6, 7, 8)]
    (line,) = sunday["incidents"]["open"]["items"]
    assert (line["title"], line["severity"], line["status"], line["lead"]) == (
        "Mail stands still",
        "sev2",
        "declared",
        None,
    )
    assert numbers(sunday["incidents"]["opened"]) == ["INC-1"]
    assert [one["label"] for one in sunday["attention"]["items"]] == ["INC-1", "INC-1"]
    (line,) = monday["incidents"]["open"]["items"]
    assert (line["title"], line["severity"], line["lead"]) == ("Mail is slow", "sev3", office["bob"].user_id)
    assert numbers(monday["incidents"]["opened"]) == []
    assert numbers(tuesday["incidents"]["resolved"]) == ["INC-1"]
    assert tuesday["counts"]["incidents_open"] == {"value": 0, "previous": 1, "delta": -1}
    assert wednesday["trends"]["incidents_open"]["days"] == [0, 0, 0, 1, 1, 0, 0]
    assert wednesday["queues"]["worst"] is None
    assert await kept(office) == []


async def test_blockers_decisions_and_follow_ups_are_told_as_they_were(office: Office) -> None:
    blocker = {"title": "No key", "waiting_on": {"kind": "external", "name": "the bank"}, "severity": "hard"}
    number = (await office["ann"].post("/api/blockers", blocker)).ok(201)["number"]
    decision = (await office["ann"].post("/api/decisions", {"title": "Which bank?"})).ok(201)["number"]
    (await office["ann"].move(f"/api/decisions/{decision}/transitions", {"to": "proposed"})).ok()
    incident = (await office["ann"].post("/api/incidents", {"title": "Mail", "severity": "sev4"})).ok(201)["number"]
    left = {"text": "Watch it", "owner": office["bob"].user_id, "due_on": "2025-10-05"}
    follow_up = (await office["ann"].post(f"/api/incidents/{incident}/follow-ups", left)).ok(201)["id"]
    go_to(office, "2025-10-06T12:00:00Z")
    (await office["ann"].move(f"/api/blockers/{number}/transitions", {"to": "resolved", "text": "Here"})).ok()
    (await office["bob"].patch(f"/api/follow-ups/{follow_up}", {"state": "completed"})).ok()
    go_to(office, "2025-10-08T10:00:00Z")

    monday, tuesday = [await preview(office, f"2025-10-{day:02}") for day in (6, 7)]
    assert numbers(monday["blockers"]["open"]) == ["BLK-1"]
    assert [(one["text"], one["days_overdue"]) for one in monday["follow_ups"]["overdue"]["items"]] == [("Watch it", 1)]
    assert numbers(monday["decisions"]["waiting"]) == ["DEC-1"]
    assert [one["kind"] for one in monday["attention"]["items"]] == ["hard_blocker", "follow_up"]
    assert numbers(tuesday["blockers"]["open"]) == []
    assert numbers(tuesday["blockers"]["resolved"]) == ["BLK-1"]
    assert tuesday["follow_ups"]["overdue"]["total"] == 0


async def test_what_people_said_is_told_as_it_read_at_the_end_of_the_window(office: Office) -> None:
    said = (await office["ann"].post("/api/status", {"done": ["Fixed INC-1 at last"], "health": "at_risk"})).ok(201)
    go_to(office, "2025-10-05T12:00:00Z")
    (await office["ann"].patch(f"/api/status/{said['id']}", {"done": ["Nothing"], "health": "on_track"})).ok()
    sunday = await preview(office, "2025-10-05")
    (line,) = sunday["updates"]["by_person"]["items"]
    assert (line["done"], line["health"]) == (["Fixed INC-1 at last"], "at_risk")
    assert sunday["people"][office["ann"].user_id] == "Ann"
    assert [one["text"] for one in sunday["updates"]["highlights"]] == ["Fixed INC-1 at last"]


async def test_restricted_incidents_and_what_follows_from_them_are_never_in_a_summary(office: Office) -> None:
    secret = {"title": "Somebody broke in", "severity": "sev1", "visibility": "restricted"}
    number = (await office["lea"].post("/api/incidents", secret)).ok(201)["number"]
    (await office["lea"].post(f"/api/incidents/{number}/follow-ups", {"text": "New locks", "due_on": "2025-10-04"})).ok(
        201
    )
    public = (await office["lea"].post("/api/incidents", {"title": "Was public", "severity": "sev1"})).ok(201)["number"]
    go_to(office, MONDAY)
    (await office["lea"].patch(f"/api/incidents/{public}", {"visibility": "restricted"})).ok()
    for who in ("ann", "lea"):
        digest = await preview(office, "2025-10-05", who)
        assert digest["attention"]["total"] == 0
        assert digest["counts"]["incidents_open"]["value"] == 0
        assert "broke in" not in str(digest)
        assert "New locks" not in str(digest)


@pytest.mark.parametrize(
    "text",
    ["tomorrow", "2025-10-07", "2025-10-06T10:00:00Z", "2025-10-06T09:00:00", "1999-01-01", "9999-12-31", "x" * 61],
)
async def test_previews_of_no_past_day_are_refused(office: Office, text: str) -> None:
    go_to(office, MONDAY)
    (await office["ann"].post(f"{PATH}/preview?window_end={text}", None)).refused(422, "VALIDATION_ERROR")


async def test_a_preview_takes_any_time_and_now_without_one(office: Office) -> None:
    assert (await preview(office))["window"]["end"] == "2025-10-04T14:00:00Z"
    found = await preview(office, "2025-10-04T12:30:00%2B02:00")
    assert found["window"] == {
        "start": "2025-10-03T10:30:00Z",
        "end": "2025-10-04T10:30:00Z",
        "tz": "UTC",
        "date": "2025-10-04",
    }


async def test_a_summary_can_be_commented_and_is_found_by_the_search(office: Office) -> None:
    go_to(office, MONDAY)
    await fire(office, MONDAY)
    (summary,) = await kept(office)
    (await office["ann"].post(f"{PATH}/2025-10-06/comments", {"body": "Good to know"})).ok(201)
    found = (await office["bob"].get("/api/search?q=daily+summary&kind=summary")).ok()["data"]
    assert [one["id"] for one in found] == [summary.id]


async def lose_a_message(office: Office) -> None:
    """One more dead letter of the queue ``default``."""
    engine = office.parts.engine
    queue = engine.resolve("default")
    await engine.send(NewMessage(queue=queue, body="{}", message_id=new_message_id()))
    (delivery,) = await engine.receive(queue, max_messages=1)
    cause = DeadLetterCause(code="REJECTED", reason="no")
    await engine.dead_letter([DeadLetterOrder(queue, delivery.receipt, cause)])


async def test_dead_letters_that_grew_need_somebody_and_those_that_only_wait_do_not(office: Office) -> None:
    await office.open_queues()
    go_to(office, MONDAY)
    await lose_a_message(office)
    await fire(office, MONDAY)
    monday = (await office["ann"].get(f"{PATH}/latest")).ok()["content"]
    # Nothing to compare with.
    assert monday["counts"]["dead_letters"] == {"value": 1, "previous": None, "delta": None}
    assert monday["attention"]["total"] == 0
    go_to(office, TUESDAY)
    await lose_a_message(office)
    await fire(office, TUESDAY)
    tuesday = (await office["ann"].get(f"{PATH}/latest")).ok()["content"]
    (item,) = tuesday["attention"]["items"]
    assert (item["kind"], item["label"], item["amount"], item["delta"]) == ("dead_letters", "default", 2, 1)
    go_to(office, "2025-10-08T09:00:00Z")
    await fire(office, "2025-10-08T09:00:00Z")
    wednesday = (await office["ann"].get(f"{PATH}/latest")).ok()["content"]
    assert wednesday["attention"]["total"] == 0
    assert [one["queue"] for one in wednesday["queues"]["worst"]["items"]] == ["default"]
    # Later it cannot be known any more, but from what was seen then.
    go_to(office, "2025-10-10T09:00:00Z")
    assert (await preview(office, "2025-10-07"))["queues"] == tuesday["queues"]
    assert (await preview(office, "2025-10-09"))["queues"]["dead_letters"] is None


async def test_tasks_that_failed_are_told_by_type_as_long_as_their_runs_are_kept(office: Office) -> None:
    go_to(office, MONDAY)
    ago_ms = {"failed": 2, "rejected": 1, "timed_out": 3, "retried": 1, "succeeded": 9}
    runs = [
        TaskRun(
            message_id=new_message_id(),
            queue="default",
            task_type="import",
            attempt=1,
            status=status,
            worker="w",
            wait_ms=0,
            started_at_ms=ms(end) - 3_600_000,
            finished_at_ms=ms(end) - 1,
            run_ms=1.0,
        )
        for end in (MONDAY, "2025-10-05T09:00:00Z")
        for status, count in ago_ms.items()
        for _ in range(count if end == MONDAY else 1)
    ]
    await office.parts.run_log.record(runs)
    monday = await preview(office, "2025-10-06")
    assert monday["queues"]["failures"]["items"] == [{"task_type": "import", "lost": 6, "retried": 1}]
    assert monday["counts"]["failures"] == {"value": 6, "previous": 3, "delta": 3}
    assert monday["trends"]["failures"] == {"days": [0, 0, 0, 0, 0, 3, 6], "mark": "up"}
    go_to(office, "2025-11-20T09:00:00Z")
    assert (await preview(office, "2025-10-06"))["queues"]["failures"] is None


async def test_who_is_erased_is_taken_out_of_the_summaries_that_were_made(office: Office) -> None:
    zed = await office.hire("zed", "member", name="Zedekiah Marker")
    (await zed.post("/api/status", {"done": ["Counted the penguins twice"]})).ok(201)
    (await zed.post("/api/incidents", {"title": "Mail stands still", "severity": "sev1", "lead": zed.user_id})).ok(201)
    go_to(office, "2025-10-05T09:00:00Z")
    await fire(office, "2025-10-05T09:00:00Z")
    before = (await office["ann"].get(f"{PATH}/latest")).ok()
    page = (await office["ann"].get(f"{PATH}/latest.html")).ok()
    assert "Zedekiah" in page
    assert "penguins" in page
    (await office["ada"].post(f"/api/users/{zed.user_id}/erasure", None)).ok()
    after = (await office["ann"].get(f"{PATH}/latest")).ok()
    page = (await office["ann"].get(f"{PATH}/latest.html")).ok()
    assert "Zedekiah" not in str(after) + page
    assert "penguins" not in str(after) + page
    # What the team had to do with stays, by somebody; and which summary it is.
    assert "INC-1" in page
    assert "led by somebody" in page
    assert (after["content_hash"], after["id"]) == (before["content_hash"], before["id"])
