"""Promises of decisions: proposed by anybody, decided by leads, frozen from then on, and superseded on both sides at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from wipsie.audit import list_events
from wipsie.slices.asyncops.store.followers import followers_of
from wipsie.slices.asyncops.store.links import links_table
from wipsie.slices.asyncops.store.timeline import events_of

if TYPE_CHECKING:
    from wipsie.testing.office import Answer, Office

NEW: dict[str, Any] = {
    "title": "Keep queues in SQLite",
    "context": "One command shall **do**.",
    "drivers": ["Nothing to install"],
    "options": [
        {"title": "SQLite", "pros": ["It is there"], "cons": ["One machine"]},
        {"title": "PostgreSQL", "description": "A server.", "neutral": ["Known"]},
    ],
    "chosen": "sqlite",
    "outcome": "it is there already.",
    "consequences": ["Good, because one file is all"],
    "confirmation": "A test kills it.",
    "notes": "See the benchmark.",
    "decision_makers": ["Grandmother"],
    "revisit_on": "2026-10-04",
}
DAY_S = 24 * 3600


async def _written(office: Office, name: str = "ann", **fields: Any) -> Answer:
    answer = await office[name].post("/api/decisions", {**NEW, **fields})
    answer.ok(201)
    return answer


async def _accepted(office: Office, **fields: Any) -> str:
    """The path of one that is accepted."""
    path = (await _written(office, status="proposed", **fields)).headers["Location"]
    (await office["lea"].move(f"{path}/transitions", {"to": "accepted"})).ok()
    return path


async def test_a_decision_is_kept_as_it_was_written(office: Office) -> None:
    answer = await _written(office, informed=[office["bob"].user_id])
    written = answer.body
    same = ("title", "context", "drivers", "outcome", "consequences", "confirmation", "notes", "revisit_on")
    assert {name: written[name] for name in same} == {name: NEW[name] for name in same}
    assert (written["number"], written["status"], written["frozen"]) == ("DEC-1", "draft", False)
    assert (written["chosen"], written["chosen_title"]) == (0, "SQLite")
    assert written["options"][0] == {
        "title": "SQLite",
        "description": "",
        "pros": ["It is there"],
        "neutral": [],
        "cons": ["One machine"],
    }
    assert written["decision_makers"] == [{"id": None, "name": "Grandmother"}]
    assert written["informed"] == [{"id": office["bob"].user_id, "name": "Bob"}]
    assert written["created_by"] == {"id": office["ann"].user_id, "name": "Ann"}
    for path in (answer.headers["Location"], "/api/decisions/dec-1"):
        shown = await office["otto"].get(path)
        assert (shown.ok(), shown.etag) == (written, answer.etag)
    async with office.parts.database.read() as connection:
        following = await followers_of(connection, written["id"])
    assert set(following) == {office["ann"].user_id, office["bob"].user_id}


async def test_a_decision_goes_from_draft_to_accepted(office: Office) -> None:
    path = (await _written(office)).headers["Location"]
    proposed = (await office["ann"].move(f"{path}/transitions", {"to": "proposed"})).ok()
    assert (proposed["waiting_days"], proposed["waiting"]) == (0, False)
    accepted = await office["lea"].move(f"{path}/transitions", {"to": "accepted", "reason": "Yes."})
    assert (accepted.ok()["status"], accepted.body["decided_on"]) == ("accepted", "2025-10-04")
    assert (accepted.body["frozen"], accepted.body["next_statuses"]) == (True, ["deprecated", "superseded"])
    assert await office.mail_to("ann") == ["DEC-1 is accepted: Keep queues in SQLite"]
    logged = await list_events(office.parts.database)
    assert [one.action for one in reversed(logged)] == [
        "asyncops:decision:create",
        "asyncops:decision:move",
        "asyncops:decision:move",
    ]
    async with office.parts.database.read() as connection:
        events = await events_of(connection, accepted.body["id"])
    assert [(one.kind, one.body) for one in events] == [("created", None), ("transition", None), ("transition", "Yes.")]


async def test_whoever_accepts_is_the_decision_maker_when_nobody_is_named(office: Office) -> None:
    path = await _accepted(office, decision_makers=[])
    shown = (await office["ann"].get(path)).ok()
    assert shown["decision_makers"] == [{"id": office["lea"].user_id, "name": "Lea"}]


async def test_what_says_nothing_is_not_accepted(office: Office) -> None:
    path = (await _written(office, status="proposed", chosen=None, outcome="")).headers["Location"]
    (await office["lea"].move(f"{path}/transitions", {"to": "accepted"})).refused(409, "CONFLICT")
    (await office["lea"].move(f"{path}/transitions", {"to": "rejected"})).ok()


async def test_the_text_of_what_is_decided_is_frozen(office: Office) -> None:
    path = await _accepted(office)
    for name in ("ann", "lea", "ada"):
        refused = (await office[name].patch(path, {"title": "Another"})).refused(409, "CONFLICT")
        assert "supersede" in refused.body["error"]["message"]
        assert refused.details["fields"] == ["title"]
        (await office[name].delete(path)).refused(409, "CONFLICT")
    (await office["ann"].patch(path, {"revisit_on": "2025-12-01", "outcome": "x"})).refused(409, "CONFLICT")
    changed = (await office["ann"].patch(path, {"revisit_on": "2025-12-01"})).ok()
    assert (changed["revisit_on"], changed["title"]) == ("2025-12-01", NEW["title"])


async def test_only_leads_decide_and_others_propose_what_is_theirs(office: Office) -> None:
    path = (await _written(office)).headers["Location"]
    transitions = f"{path}/transitions"
    (await office["bob"].patch(path, {"title": "x"})).refused(403, "FORBIDDEN")
    (await office["bob"].move(transitions, {"to": "proposed"})).refused(403, "FORBIDDEN")
    (await office["bob"].delete(path)).refused(403, "FORBIDDEN")
    (await office["otto"].post("/api/decisions", NEW)).refused(403, "FORBIDDEN")
    (await office["ann"].move(transitions, {"to": "proposed"})).ok()
    (await office["ann"].move(transitions, {"to": "accepted"})).refused(403, "FORBIDDEN")
    (await office["lea"].patch(path, {"title": "Put better"})).ok()
    (await office["ada"].move(transitions, {"to": "accepted"})).ok()
    (await office["ann"].move(f"{path}/supersede", {"by": "DEC-1"})).refused(403, "FORBIDDEN")


async def test_an_illegal_move_names_the_legal_ones(office: Office) -> None:
    path = (await _written(office)).headers["Location"]
    refused = await office["lea"].move(f"{path}/transitions", {"to": "accepted"})
    assert refused.refused(409, "ILLEGAL_TRANSITION").details["legal"] == ["proposed"]
    accepted = await _accepted(office)
    told = (await office["lea"].move(f"{accepted}/transitions", {"to": "superseded"})).refused(409, "CONFLICT")
    assert told.details["path"].endswith("/supersede")


async def test_a_new_decision_stands_in_place_of_an_old_one_on_both_sides(office: Office) -> None:
    path = await _accepted(office)
    old = await office["lea"].move(f"{path}/supersede", {"decision": {**NEW, "title": "Keep queues in Redis"}})
    assert (old.ok()["status"], old.body["superseded_by"]["number"]) == ("superseded", "DEC-2")
    new = (await office["lea"].get("/api/decisions/DEC-2")).ok()
    assert (new["status"], [one["number"] for one in new["supersedes"]]) == ("accepted", ["DEC-1"])
    assert (await office.mail_to("ann"))[-1] == "DEC-1 is superseded by DEC-2: Keep queues in Redis"
    async with office.parts.database.read() as connection:
        link = (await connection.execute(select(links_table))).mappings().one()
    assert (link["from_id"], link["relation"], link["to_id"]) == (new["id"], "supersedes", old.body["id"])
    one_side = (await office["lea"].get(f"{path}/links")).ok()["data"]
    assert [each["relation"] for each in one_side] == ["superseded_by"]


async def test_one_decision_supersedes_several_and_never_in_a_circle(office: Office) -> None:
    first, second, third = [await _accepted(office, title=f"Number {number}") for number in (1, 2, 3)]
    lea = office["lea"]
    (await lea.move(f"{first}/supersede", {"by": "DEC-3"})).ok()
    (await lea.move(f"{second}/supersede", {"by": "DEC-3"})).ok()
    shown = await lea.get(third)
    assert [one["number"] for one in shown.ok()["supersedes"]] == ["DEC-1", "DEC-2"]
    assert shown.body["version"] == 4
    (await lea.move(f"{third}/supersede", {"by": "DEC-1"})).refused(409, "CONFLICT")
    (await lea.move(f"{third}/supersede", {"by": "DEC-3"})).refused(422, "VALIDATION_ERROR")
    (await lea.move(f"{first}/supersede", {"by": "DEC-3"})).refused(409, "ILLEGAL_TRANSITION")
    (await lea.move(f"{third}/supersede", {"by": "DEC-99"})).refused(422, "VALIDATION_ERROR")
    (await lea.move(f"{third}/supersede", {})).refused(422, "VALIDATION_ERROR")
    (await lea.move(f"{third}/supersede", {"by": "DEC-1", "decision": NEW})).refused(422, "VALIDATION_ERROR")
    assert len(await lea.all_pages("/api/decisions?superseded_by=none&status=accepted")) == 1


async def test_two_that_would_supersede_each_other_at_once_do_not(office: Office) -> None:
    first, second = await _accepted(office), await _accepted(office)
    answers = await asyncio.gather(
        office["lea"].move(f"{first}/supersede", {"by": "DEC-2"}),
        office["ada"].move(f"{second}/supersede", {"by": "DEC-1"}),
    )
    assert sorted(answer.status for answer in answers) == [200, 409]


async def test_a_failed_supersession_writes_nothing(office: Office) -> None:
    path = await _accepted(office)
    nothing = {"decision": {"title": "Empty"}}
    (await office["lea"].move(f"{path}/supersede", nothing)).refused(409, "CONFLICT")
    assert len(await office["lea"].all_pages("/api/decisions")) == 1
    assert (await office["lea"].get(path)).ok()["status"] == "accepted"


async def test_a_stale_change_is_refused_with_what_is_there_now(office: Office) -> None:
    answer = await _written(office)
    path = answer.headers["Location"]
    (await office["ann"].post(f"{path}/transitions", {"to": "proposed"})).refused(428, "PRECONDITION_REQUIRED")
    fresh = await office["ann"].patch(path, {"title": "Other"}, answer.etag)
    refused = await office["ann"].move(f"{path}/transitions", {"to": "proposed"}, answer.etag)
    assert refused.refused(412, "PRECONDITION_FAILED").details["current"] == fresh.ok()


async def test_options_may_be_written_anew_and_the_chosen_one_stays_by_its_title(office: Office) -> None:
    path = (await _written(office)).headers["Location"]
    options = [{"title": "Files"}, *NEW["options"]]
    changed = (await office["ann"].patch(path, {"options": options})).ok()
    assert (changed["chosen"], changed["chosen_title"]) == (1, "SQLite")
    gone = (await office["ann"].patch(path, {"options": [{"title": "Files"}]})).ok()
    assert gone["chosen"] is None
    assert (await office["ann"].patch(path, {"chosen": 0})).ok()["chosen_title"] == "Files"
    assert (await office["ann"].patch(path, {"chosen": None})).ok()["chosen"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "x" * 201),
        ("title", "a\u202eb"),
        ("status", "accepted"),
        ("context", "x" * 20_001),
        ("context", "\u0000"),
        ("drivers", ["x" * 2_001]),
        ("drivers", ["x"] * 51),
        ("options", [{"title": "A"}] * 51),
        ("options", [{"title": "A"}, {"title": " *a* "}]),
        ("options", [{"title": "A", "colour": "red"}]),
        ("options", [{"title": "A", "pros": ["a\nb"]}]),
        ("chosen", "Nothing"),
        ("chosen", 2),
        ("chosen", -1),
        ("decision_makers", ["usr_nobody"]),
        ("consulted", ["a\nb"]),
        ("revisit_on", "soon"),
        ("revisit_on", "2025-02-30"),
        ("supersedes", []),
    ],
)
async def test_a_field_that_is_wrong_is_named(office: Office, field: str, value: Any) -> None:
    refused = (await office["ann"].post("/api/decisions", {**NEW, field: value})).refused(422, "VALIDATION_ERROR")
    assert refused.details["field"].startswith(field)


async def test_proposals_wait_and_decisions_come_up_again(office: Office) -> None:
    await _written(office, status="proposed")
    await _accepted(office, revisit_on="2025-10-12")
    office.clock.jump(7 * DAY_S)
    assert (await office["lea"].get("/api/decisions?waiting=true")).ok()["data"] == []
    office.clock.jump(DAY_S)
    waiting = (await office["lea"].get("/api/decisions?waiting=true")).ok()["data"]
    assert [(one["number"], one["waiting_days"], one["waiting"]) for one in waiting] == [("DEC-1", 8, True)]
    due = (await office["lea"].get("/api/decisions?revisit_due=true")).ok()["data"]
    assert [(one["number"], one["revisit_due"]) for one in due] == [("DEC-2", True)]
    others = (await office["lea"].get("/api/decisions?revisit_due=false&waiting=false")).ok()["data"]
    assert others == []


async def test_a_list_is_filtered_sorted_and_counted(office: Office) -> None:
    await _written(office)
    await _accepted(office)
    await _written(office, "bob", status="proposed")

    async def numbers(query: str) -> list[str]:
        return [one["number"] for one in await office["ann"].all_pages(f"/api/decisions?limit=1&{query}")]

    assert await numbers("created_by=me") == ["DEC-2", "DEC-1"]
    assert await numbers("status=draft,accepted&sort=created_at") == ["DEC-1", "DEC-2"]
    assert await numbers("sort=updated_at") == ["DEC-1", "DEC-2", "DEC-3"]
    page = (await office["ann"].get("/api/decisions?facets=status&include=total")).ok()
    assert (page["facets"]["status"]["accepted"], page["total"]["count"]) == (1, 3)


async def test_a_decision_has_comments_a_timeline_and_follow_ups(office: Office) -> None:
    path = await _accepted(office)
    (await office["bob"].post(f"{path}/comments", {"body": "Good."})).ok(201)
    kinds = {one["kind"] for one in (await office["bob"].get(f"{path}/timeline")).ok()["data"]}
    assert {"created", "transition", "comment"} <= kinds
    (await office["lea"].post(f"{path}/follow-ups", {"text": "Write the test"})).ok(201)
