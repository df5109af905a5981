"""Promises of the search: the same records in the same order on both databases, every query only words, and nothing found
that the searcher may not read."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from wipsie.audit import list_events
from wipsie.kernel.text_words import folded, query_words
from wipsie.slices.asyncops.registry import build_subjects
from wipsie.slices.asyncops.service.reindex import reindex
from wipsie.slices.asyncops.store import search
from wipsie.slices.asyncops.store.finding import fts5_query
from wipsie.slices.asyncops.store.search import search_documents_table

if TYPE_CHECKING:
    from wipsie.testing.office import Office


async def _update(office: Office, name: str, notes: str, day: int) -> str:
    made = await office[name].post("/api/status", {"notes": notes, "for_date": f"2025-09-{day:02}"})
    return made.ok(201)["id"]


async def _search(office: Office, query: str, name: str = "lea", **more: Any) -> Any:
    from urllib.parse import urlencode

    return (await office[name].get(f"/api/search?{urlencode({'q': query, **more})}")).ok()


async def _found(office: Office, query: str, name: str = "lea", **more: Any) -> list[str]:
    return [hit["id"] for hit in (await _search(office, query, name, **more))["data"]]


async def test_words_find_whatever_case_accents_and_signs_they_have(office: Office) -> None:
    cafe = await _update(office, "ann", "Das CAFÉ an der Straße: naïve_name, e-mail, 100 ℡", 10)
    tokyo = await _update(office, "ann", "東京 の会議 and Ωμέγα", 11)
    for query in ("cafe", "CAFE\u0301", "strasse", "STRASSE café", "naive name", "e mail", "mail", "100", "tel"):
        assert await _found(office, query) == [cafe], query
    for query in ("東京", "東", "ωμεγα", "ΩΜΈΓΑ and"):
        assert await _found(office, query) == [tokyo], query
    assert await _found(office, "cafe tokyo") == []


async def test_of_the_last_word_the_beginning_is_enough_and_of_no_other(office: Office) -> None:
    found = await _update(office, "ann", "queues stand still", 10)
    assert await _found(office, "queues sta") == [found]
    assert await _found(office, "q") == [found]
    assert await _found(office, "que stand") == []


async def test_title_stands_above_text_and_the_newest_first(office: Office) -> None:
    in_text = await _update(office, "bob", "Ann helped", 10)
    of_ann = await _update(office, "ann", "nothing", 11)
    later = await _update(office, "bob", "Thanks, Ann", 12)
    of_ann_later = await _update(office, "ann", "more", 13)
    order = [of_ann_later, of_ann, later, in_text]
    assert await _found(office, "ann") == order
    # What is written anew is the newest.
    (await office["bob"].patch(f"/api/status/{in_text}", {"notes": "Ann helped a lot"})).ok()
    (await office["ann"].patch(f"/api/status/{of_ann}", {"notes": "something"})).ok()
    order = [of_ann, of_ann_later, in_text, later]
    assert await _found(office, "ann") == order
    pages = await office["lea"].all_pages("/api/search?q=ann&limit=1")
    assert [hit["id"] for hit in pages] == order


async def test_a_record_that_is_named_stands_first(office: Office) -> None:
    made = (await office["ann"].post("/api/incidents", {"title": "Mail stands still", "severity": "sev2"})).ok(201)
    other = await office["ann"].post("/api/incidents", {"title": f"Again as in {made['number']}", "severity": "sev3"})
    reference = made["number"]
    for query in (reference, reference.lower(), made["id"]):
        page = await _search(office, query, include="total")
        assert page["data"][0]["id"] == made["id"]
        assert page["total"]["count"] == len(page["data"])
    # Digits of ids are no words.
    assert await _found(office, made["id"][4:8]) == []
    assert await _found(office, reference) == [made["id"], other.ok(201)["id"]]
    hit = (await _search(office, reference))["data"][0]
    assert hit["record"] == {
        "kind": "incident",
        "id": made["id"],
        "label": reference,
        "title": "Mail stands still",
        "path": f"/api/incidents/{reference}",
    }


async def test_comments_are_found_and_name_their_record(office: Office) -> None:
    on = await _update(office, "ann", "Moved the queue", 10)
    path = f"/api/status/{on}"
    comment = (await office["bob"].post(f"{path}/comments", {"body": "The zebra is back"})).ok(201)
    hit = (await _search(office, "zebra"))["data"][0]
    assert (hit["kind"], hit["id"], hit["record"]["path"]) == ("comment", comment["id"], path)
    assert (hit["title"], hit["snippet"]) == ("Ann, 2025-09-10", "The «zebra» is back")
    (await office["bob"].patch(f"/api/comments/{comment['id']}", {"body": "The okapi is back"})).ok()
    assert (await _found(office, "zebra"), await _found(office, "okapi")) == ([], [comment["id"]])
    (await office["bob"].delete(f"/api/comments/{comment['id']}")).ok(204)
    assert await _found(office, "okapi") == []


async def test_what_is_removed_is_found_no_more(office: Office) -> None:
    on = await _update(office, "ann", "walrus", 10)
    (await office["bob"].post(f"/api/status/{on}/comments", {"body": "walrus"})).ok(201)
    assert len(await _found(office, "walrus")) == 2
    (await office["ann"].delete(f"/api/status/{on}")).ok(204)
    assert await _found(office, "walrus") == []


async def test_restricted_incidents_and_what_is_said_of_them_are_invisible_to_others(office: Office) -> None:
    secret = {"title": "Payroll leak narwhal", "severity": "sev1", "visibility": "restricted"}
    made = (await office["ann"].post("/api/incidents", secret)).ok(201)
    path = f"/api/incidents/{made['id']}"
    (await office["ann"].post(f"{path}/comments", {"body": "narwhal seen"})).ok(201)
    for name, count in (("ann", 2), ("bob", 0), ("lea", 2), ("ada", 2), ("otto", 2)):
        page = await _search(office, "narwhal", name, facets="kind", include="total")
        assert (len(page["data"]), page["total"]["count"], sum(page["facets"]["kind"].values())) == (count,) * 3, name
    # What becomes open is found by all, with what hangs on it; what becomes restricted no more.
    for visibility, count in (("team", 2), ("restricted", 0)):
        (await office["ann"].patch(path, {"visibility": visibility})).ok()
        assert len(await _found(office, "narwhal", "bob")) == count


async def test_facets_and_total_count_all_pages_and_facets_leave_their_own_choice_out(office: Office) -> None:
    on = await _update(office, "ann", "gnu", 15)
    for day in range(10, 14):
        await _update(office, "ann", "gnu", day)
    for _ in range(3):
        (await office["bob"].post(f"/api/status/{on}/comments", {"body": "gnu!"})).ok(201)
    page = await _search(office, "gnu", kind="comment", facets="kind", include="total", limit=1)
    assert len(page["data"]) == 1
    assert page["total"] == {"count": 3, "exact": True}
    assert (page["facets"]["kind"]["status"], page["facets"]["kind"]["comment"]) == (5, 3)
    assert {hit["kind"] for hit in await office["lea"].all_pages("/api/search?q=gnu&kind=comment,status&limit=3")} == {
        "comment",
        "status",
    }


async def test_an_index_built_anew_finds_the_same_in_the_same_order(office: Office) -> None:
    on = await _update(office, "bob", "emu", 10)
    secret = {"title": "emu", "severity": "sev1", "visibility": "restricted"}
    office.clock.jump(1)
    made = (await office["ann"].post("/api/incidents", secret)).ok(201)
    office.clock.jump(1)
    for path in (f"/api/status/{on}", f"/api/incidents/{made['id']}"):
        (await office["ann"].post(f"{path}/comments", {"body": "emu there"})).ok(201)
        office.clock.jump(1)
    before = {name: await _found(office, "emu", name) for name in ("ann", "bob")}
    assert (len(before["ann"]), len(before["bob"])) == (4, 2)
    database = office.parts.database
    async with database.begin() as connection:
        # Of a record that is gone, and one that is not in the index.
        await connection.execute(update(search_documents_table).values(title_words="", body_words="", restricted=False))
        gone = {"kind": "status", "object_id": "upd_0", "reference": "upd_0", "title": "emu gone", "body": ""}
        await search.put(connection, **gone, restricted=False, now_ms=1)
        await connection.execute(delete(search_documents_table).where(search_documents_table.c.object_id == on))
    seen: list[tuple[int, int]] = []
    count = await reindex(database, build_subjects(), "cli", lambda done, of: seen.append((done, of)))
    assert seen[-1] == (count, count)
    assert {name: await _found(office, "emu", name) for name in ("ann", "bob")} == before
    assert await _found(office, "gone") == []
    assert (await list_events(database))[0].action == "asyncops:search:reindex"


HOSTILE = (
    '"',
    '""',
    "'",
    "*",
    "a* OR b",
    "title_words : x",
    "NEAR(a b)",
    "a AND",
    "NOT",
    "-x",
    "^x",
    "{title_words}: x",
    ") OR 1=1 --",
    "x:*&|!()<->",
    "\\",
    "a\\'b",
    "%",
    "\u0000",
    "🎉",
    "a" * 200,
    "\u202eabc",
    "ab " * 66,
)


async def test_hostile_queries_are_only_words(office: Office) -> None:
    for day, query in enumerate(HOSTILE):
        text = query.replace("\0", "")
        on = await _update(office, "ann", f"hostile{day} {text} words", day + 5)
        for asked in (query, f"hostile{day} {query}"[:200]):
            expected = [on] if query_words(asked) else []
            page = await _search(office, asked, include="total")
            assert [hit["id"] for hit in page["data"]][: len(expected)] == expected, asked
            assert (page["total"]["count"] > 0) is bool(expected), asked


async def test_a_parameter_that_is_wrong_is_refused(office: Office) -> None:
    wrong = ("kind=planet", "kind=", "limit=0", "facets=id", "x=1", "q=b")
    for query in ("", "q=", f"q={'x' * 201}", *(f"q=a&{more}" for more in wrong)):
        (await office["ann"].get(f"/api/search?{query}")).refused(422, "VALIDATION_ERROR")


async def test_a_cursor_is_good_for_its_own_query(office: Office) -> None:
    for day in range(10, 13):
        await _update(office, "ann", "yak", day)
    cursor = (await _search(office, "yak", limit=1))["page"]["next_cursor"]
    (await office["lea"].get(f"/api/search?q=ann&cursor={cursor}")).refused(400, "CURSOR_MISMATCH")
    (await office["lea"].get("/api/search?q=yak&cursor=x")).refused(400, "CURSOR_MISMATCH")
    assert (await _search(office, "yak", limit=2, cursor=cursor))["page"]["has_more"] is False


@settings(max_examples=200)
@given(st.text(max_size=60), st.text(max_size=60))
def test_every_query_is_one_for_fts5_and_finds_what_holds_its_words(text: str, more: str) -> None:
    words = query_words(text)
    if not words:
        return
    database = sqlite3.connect(":memory:")
    try:
        database.execute(
            "CREATE VIRTUAL TABLE search_index USING fts5(title_words, body_words, tokenize='ascii', detail=column)"
        )
        database.execute("INSERT INTO search_index VALUES ('', ?)", (folded(f"{more} {text}"),))
        for place, expected in (("title", 0), ("elsewhere", 1), ("anywhere", 1)):
            found = database.execute(
                "SELECT count(*) FROM search_index WHERE search_index MATCH ?", (fts5_query(words, place),)
            )
            assert found.fetchone()[0] == expected
    finally:
        database.close()
