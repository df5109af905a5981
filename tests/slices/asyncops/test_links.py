"""Promises of links: seen from both sides with the word for each, and never past what the reader may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from wipsie.slices.asyncops.domain.outside import OUTSIDE_KINDS, is_of_form
from wipsie.slices.asyncops.domain.relations import RELATION_WORDS, inverse

if TYPE_CHECKING:
    from wipsie.testing.office import Answer, Office


async def _update(office: Office, name: str = "ann") -> str:
    return (await office[name].post("/api/status", {"notes": "x"})).headers["Location"]


async def _link(office: Office, name: str, on: str, kind: str, thing: str, relation: str = "caused_by") -> Answer:
    return await office[name].post(f"{on}/links", {"relation": relation, "to": {"kind": kind, "id": thing}})


def _id(path: str) -> str:
    return path.rpartition("/")[2]


async def test_a_link_is_seen_from_both_sides_with_the_word_for_each(office: Office) -> None:
    here, there = await _update(office), await _update(office, "bob")
    made = (await _link(office, "lea", here, "status", _id(there))).ok(201)
    assert made["relation"] == "caused_by"
    assert made["to"] == {
        "kind": "status",
        "id": _id(there),
        "label": _id(there),
        "title": "Bob, 2025-10-04",
        "path": there,
    }
    assert made["created_by"]["name"] == "Lea"
    assert (await office["otto"].get(f"{here}/links")).ok()["data"] == [made]
    back = (await office["otto"].get(f"{there}/links")).ok()["data"]
    assert [(one["id"], one["relation"], one["to"]["path"]) for one in back] == [(made["id"], "causes", here)]
    for path, word in ((here, "caused_by"), (there, "causes")):
        event = (await office["ann"].get(f"{path}/timeline?kind=link")).ok()["data"][0]
        assert event["data"] == {"link": made["id"], "relation": word, "kind": "status"}


@pytest.mark.parametrize(
    ("kind", "thing", "label"),
    [
        ("queue", "data_polling", "Queue data_polling"),
        ("message", "0193f0c2-0000-4000-8000-000000000000", "Message 0193f0c2-0000-4000-8000-000000000000"),
        ("mail", "mail_0193", "Mail mail_0193"),
        ("report", "rep-7", "Report rep-7"),
        ("url", "https://example.org/runbooks/mail?x=1#top", "example.org/runbooks/mail"),
    ],
)
async def test_a_link_outside_has_a_label_and_is_found_from_there(
    office: Office, kind: str, thing: str, label: str
) -> None:
    on = await _update(office)
    made = (await _link(office, "ann", on, kind, thing, "about")).ok(201)
    assert made["to"] == {"kind": kind, "id": thing, "label": label, "title": "", "path": None}
    where = {"to_kind": kind, "to_id": thing}
    query = "&".join(f"{name}={value.replace('?', '%3F').replace('#', '%23')}" for name, value in where.items())
    found = (await office["lea"].get(f"/api/links?{query}")).ok()["data"]
    assert [(one["id"], one["record"]["path"], one["relation"]) for one in found] == [(made["id"], on, "about")]
    assert (await office["lea"].get(f"/api/links?to_kind={kind}&to_id=other")).status in (200, 422)


NO_ENDS: list[tuple[Any, Any]] = [
    ("url", "javascript:alert(1)"),
    ("url", "ftp://example.org"),
    ("url", "https://"),
    ("url", "https://good.org@evil.org/"),
    ("url", "https://example.org/a b"),
    ("url", "https://example.org/\u202egnp"),
    ("url", "https://example.org:99999/"),
    ("url", "https://[::1/"),
    ("url", "https://example.org/" + "x" * 2000),
    ("queue", "a b"),
    ("queue", "<b>"),
    ("queue", "x" * 81),
    ("message", "../../etc/passwd"),
    ("mail", "a@b"),
    ("report", ""),
    ("planet", "mars"),
    ("comment", "cmt_1"),
    ("status", 5),
    (None, "x"),
]


async def test_an_end_that_is_none_is_refused(office: Office) -> None:
    on = await _update(office)
    for kind, thing in NO_ENDS:
        refused = await _link(office, "ann", on, kind, thing)
        assert refused.refused(422, "VALIDATION_ERROR").details["field"].startswith("to")


async def test_an_unknown_relation_a_missing_record_and_oneself_are_refused(office: Office) -> None:
    on = await _update(office)
    (await _link(office, "ann", on, "queue", "default", "hates")).refused(422, "VALIDATION_ERROR")
    (await _link(office, "ann", on, "queue", "default", "supersedes")).refused(422, "VALIDATION_ERROR")
    (await _link(office, "ann", on, "status", "upd_1")).refused(404, "NOT_FOUND")
    (await _link(office, "ann", on, "status", _id(on))).refused(422, "VALIDATION_ERROR")
    (await _link(office, "ann", "/api/status/upd_1", "queue", "default")).refused(404, "NOT_FOUND")


async def test_the_same_is_said_once(office: Office) -> None:
    on = await _update(office)
    made = (await _link(office, "ann", on, "queue", "default")).ok(201)
    refused = (await _link(office, "bob", on, "queue", "default")).refused(409, "CONFLICT")
    assert refused.details["id"] == made["id"]
    (await _link(office, "bob", on, "queue", "default", "about")).ok(201)


async def test_a_link_is_taken_back_by_whoever_made_it_or_an_admin(office: Office) -> None:
    here, there = await _update(office), await _update(office, "bob")
    for remover in ("lea", "ada"):
        path = (await _link(office, "lea", here, "status", _id(there))).headers["Location"]
        for other in ("ann", "bob", "otto"):
            (await office[other].ask("DELETE", path)).refused(403, "FORBIDDEN")
        (await office[remover].ask("DELETE", path)).ok(204)
        (await office[remover].ask("DELETE", path)).refused(404, "NOT_FOUND")
    for path in (here, there):
        assert (await office["ann"].get(f"{path}/links")).ok()["data"] == []
        events = (await office["ann"].get(f"{path}/timeline?kind=link&sort=recorded_at")).ok()["data"]
        assert [event["data"].get("removed", False) for event in events] == [False, True, False, True]


async def test_a_record_that_is_removed_takes_its_links_along(office: Office) -> None:
    here, there = await _update(office), await _update(office, "bob")
    (await _link(office, "lea", here, "status", _id(there))).ok(201)
    (await _link(office, "lea", there, "status", _id(here), "blocks")).ok(201)
    (await office["bob"].delete(there)).ok(204)
    assert (await office["ann"].get(f"{here}/links")).ok()["data"] == []


async def test_links_are_paged_by_the_time_they_were_made(office: Office) -> None:
    on = await _update(office)
    for index in range(5):
        (await _link(office, "ann", on, "queue", f"queue-{index}")).ok(201)
    found = await office["bob"].all_pages(f"{on}/links?limit=2&sort=created_at")
    assert [one["to"]["id"] for one in found] == [f"queue-{index}" for index in range(5)]


async def test_what_refers_to_a_thing_needs_the_thing(office: Office) -> None:
    for query in ("", "?to_kind=queue", "?to_id=default", "?to_kind=planet&to_id=x", "?to_kind=url&to_id=x"):
        (await office["ann"].get(f"/api/links{query}")).refused(422, "VALIDATION_ERROR")


def test_every_relation_has_a_word_for_the_other_side_and_back() -> None:
    for word in RELATION_WORDS:
        assert inverse(inverse(word)) == word
        assert inverse(word) in RELATION_WORDS


def test_names_of_queues_as_wipsie_stores_them_are_of_the_form() -> None:
    for name in ("wipsie-data-polling", "default", "a.fifo", "data_polling", "x" * 80):
        assert is_of_form(OUTSIDE_KINDS["queue"], name)
