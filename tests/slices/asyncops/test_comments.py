"""Promises of comments: on records of every kind, one's own alone, and whoever is mentioned hears of it once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from wipsie.audit import list_events
from wipsie.slices.asyncops.domain.mentions import MENTIONS_MAX, mentioned
from wipsie.slices.asyncops.store.search import search_documents_table

if TYPE_CHECKING:
    from wipsie.testing.office import Answer, Office


async def _update(office: Office, name: str = "ann") -> str:
    """A status update somebody wrote; its path."""
    return (await office[name].post("/api/status", {"done": ["Moved the queue"]})).headers["Location"]


async def _comment(office: Office, name: str, on: str, body: str = "Why?") -> Answer:
    return await office[name].post(f"{on}/comments", {"body": body})


def _mention(office: Office, name: str) -> str:
    return f"@[{name.capitalize()}]({office[name].user_id})"


async def test_a_comment_is_kept_as_it_was_written(office: Office) -> None:
    on = await _update(office)
    hostile = "<script>alert(1)</script> [x](javascript:alert(1)) \u202eevil 👩‍👩‍👧‍👦"
    answer = await _comment(office, "bob", on, hostile)
    written = answer.ok(201)
    assert written["body"] == hostile
    assert written["author"] == {"id": office["bob"].user_id, "name": "Bob"}
    assert written["on"] == {"kind": "status", "id": on.rpartition("/")[2]}
    assert (written["edited"], written["version"]) == (False, 1)
    shown = await office["ann"].get(answer.headers["Location"])
    assert (shown.ok(), shown.etag) == (written, answer.etag)
    assert (await office["otto"].get(f"{on}/comments")).ok()["data"] == [written]


async def test_a_comment_is_one_commit_with_its_timeline_its_search_and_its_audit_event(office: Office) -> None:
    on = await _update(office)
    comment = (await _comment(office, "bob", on)).ok(201)
    event = (await office["ann"].get(f"{on}/timeline?kind=comment")).ok()["data"][0]
    assert (event["data"], event["body"], event["actor"]["name"]) == ({"comment": comment["id"]}, "Why?", "Bob")
    async with office.parts.database.read() as connection:
        document = (
            (await connection.execute(select(search_documents_table).where(_documents.object_id == comment["id"])))
            .mappings()
            .one()
        )
    assert (document["parent_id"], document["body_words"], document["restricted"]) == (
        comment["on"]["id"],
        "why",
        False,
    )
    logged = (await list_events(office.parts.database))[0]
    assert (logged.action, logged.object) == ("asyncops:status:comment", f"status:{comment['on']['id']}")
    assert logged.facts == {"comment": comment["id"], "version": 1}


async def test_a_comment_leaves_the_version_of_the_record(office: Office) -> None:
    on = await _update(office)
    before = (await office["ann"].get(on)).etag
    (await _comment(office, "bob", on)).ok(201)
    assert (await office["ann"].get(on)).etag == before


async def test_followers_are_told_and_whoever_comments_is_not(office: Office) -> None:
    on = await _update(office)
    (await _comment(office, "bob", on)).ok(201)
    assert await office.mail_to("ann") == ["Bob commented on a status update"]
    (await _comment(office, "ann", on, "Because.")).ok(201)
    # Who once said something hears what others say.
    assert await office.mail_to("bob") == ["Ann commented on a status update"]
    assert len(await office.mail_to("ann")) == 1


async def test_whoever_is_mentioned_is_told_once_and_follows(office: Office) -> None:
    on = await _update(office)
    text = f"{_mention(office, 'lea')} and {_mention(office, 'lea')} and {_mention(office, 'ann')}"
    (await _comment(office, "bob", on, text)).ok(201)
    assert await office.mail_to("lea") == ["Bob mentions you on a status update"]
    # Two reasons, one mail.
    assert await office.mail_to("ann") == ["Bob mentions you on a status update"]
    assert await office.mail_to("bob") == []
    followers = (await office["ann"].get(f"{on}/followers")).ok()["data"]
    assert {one["person"]["name"] for one in followers} == {"Ann", "Bob", "Lea"}


async def test_a_change_tells_only_those_who_are_mentioned_now(office: Office) -> None:
    on = await _update(office)
    comment = (await _comment(office, "bob", on, _mention(office, "lea"))).ok(201)
    path = f"/api/comments/{comment['id']}"
    text = f"{_mention(office, 'lea')} {_mention(office, 'ada')}"
    changed = (await office["bob"].patch(path, {"body": text})).ok()
    assert (changed["edited"], changed["version"]) == (True, 2)
    assert len(await office.mail_to("lea")) == 1
    assert await office.mail_to("ada") == ["Bob mentions you on a status update"]
    events = (await office["ann"].get(f"{on}/timeline?kind=comment&sort=recorded_at")).ok()["data"]
    assert [event["data"] for event in events] == [
        {"comment": comment["id"]},
        {"comment": comment["id"], "edited": True},
    ]


async def test_who_left_or_never_was_is_not_told(office: Office) -> None:
    on = await _update(office)
    gone = await office.hire("gus", "member", is_active=False)
    text = f"@[Gus]({gone.user_id}) @[Nobody](usr_{'0' * 32}) @[x](usr_1)"
    (await _comment(office, "bob", on, text)).ok(201)
    assert await office.mail_to("gus") == []
    followers = (await office["ann"].get(f"{on}/followers")).ok()["data"]
    assert {one["person"]["name"] for one in followers} == {"Ann", "Bob"}


async def test_a_change_that_changes_nothing_leaves_the_version(office: Office) -> None:
    answer = await _comment(office, "bob", await _update(office))
    same = await office["bob"].patch(answer.headers["Location"], {"body": "Why?  "}, answer.etag)
    assert (same.ok(), same.etag) == (answer.ok(201), answer.etag)


async def test_nobody_changes_what_another_wrote(office: Office) -> None:
    path = (await _comment(office, "bob", await _update(office))).headers["Location"]
    for other in ("ann", "lea", "ada"):
        (await office[other].patch(path, {"body": "x"})).refused(403, "FORBIDDEN")
    assert (await office["bob"].get(path)).ok()["body"] == "Why?"


async def test_an_admin_removes_what_another_wrote_and_nobody_else_does(office: Office) -> None:
    on = await _update(office)
    path = (await _comment(office, "bob", on)).headers["Location"]
    for other in ("ann", "lea", "otto"):
        (await office[other].delete(path)).refused(403, "FORBIDDEN")
    assert (await office["ada"].delete(path)).status == 204
    (await office["bob"].get(path)).refused(404, "NOT_FOUND")
    events = (await office["ann"].get(f"{on}/timeline?kind=comment&sort=recorded_at")).ok()["data"]
    # That something was said stays; what was said does not.
    assert [event["body"] for event in events] == [None, None]
    assert events[1]["data"]["removed"] is True
    async with office.parts.database.read() as connection:
        found = await connection.execute(select(_documents.object_id).where(_documents.parent_id.is_not(None)))
    assert found.all() == []


async def test_an_auditor_reads_and_does_not_comment(office: Office) -> None:
    (await _comment(office, "otto", await _update(office))).refused(403, "FORBIDDEN")


async def test_a_stale_change_is_refused_with_what_is_there_now(office: Office) -> None:
    answer = await _comment(office, "bob", await _update(office))
    path = answer.headers["Location"]
    (await office["bob"].ask("PATCH", path, {"body": "x"})).refused(428, "PRECONDITION_REQUIRED")
    fresh = (await office["bob"].patch(path, {"body": "First"}, answer.etag)).ok()
    refused = (await office["bob"].patch(path, {"body": "Second"}, answer.etag)).refused(412, "PRECONDITION_FAILED")
    assert refused.details["current"] == fresh
    (await office["bob"].delete(path, answer.etag)).refused(412, "PRECONDITION_FAILED")


async def test_a_repeat_with_its_key_says_it_once(office: Office) -> None:
    on = await _update(office)
    first = await office["bob"].post(f"{on}/comments", {"body": "Why?"}, Idempotency_Key="why-1")
    again = await office["bob"].post(f"{on}/comments", {"body": "Why?"}, Idempotency_Key="why-1")
    assert (again.ok(201), again.headers["Idempotency-Replayed"]) == (first.ok(201), "true")
    assert len((await office["bob"].get(f"{on}/comments")).ok()["data"]) == 1


async def test_comments_are_listed_in_their_order_and_go_with_their_record(office: Office) -> None:
    on = await _update(office)
    other = await _update(office, "bob")
    for index in range(5):
        (await _comment(office, "ann" if index % 2 else "bob", on, f"{index}")).ok(201)
    (await _comment(office, "ann", other, "elsewhere")).ok(201)
    assert [one["body"] for one in await office["lea"].all_pages(f"{on}/comments?limit=2")] == ["0", "1", "2", "3", "4"]
    mine = await office["ann"].all_pages(f"{on}/comments?author=me&sort=-created_at")
    assert [one["body"] for one in mine] == ["3", "1"]
    path = f"/api/comments/{mine[0]['id']}"
    assert (await office["ann"].delete(on)).status == 204
    (await office["ann"].get(path)).refused(404, "NOT_FOUND")
    assert len(await office["lea"].all_pages(f"{other}/comments")) == 1


async def test_a_body_that_is_wrong_is_named(office: Office) -> None:
    on = await _update(office)
    path = (await _comment(office, "bob", on)).headers["Location"]
    for body in ("", "  \n ", "x" * 20_001, "a\u0000b", 5, None):
        refused = (await office["bob"].post(f"{on}/comments", {"body": body})).refused(422, "VALIDATION_ERROR")
        assert refused.details["field"] == "body"
        (await office["bob"].patch(path, {"body": body})).refused(422, "VALIDATION_ERROR")


async def test_what_is_not_there_is_not_found(office: Office) -> None:
    for path in ("/api/status/upd_1/comments", "/api/comments/cmt_1", f"/api/comments/{'x' * 200}"):
        (await office["ann"].get(path)).refused(404, "NOT_FOUND")
    (await office["ann"].post("/api/status/upd_1/comments", {"body": "x"})).refused(404, "NOT_FOUND")


def test_mentions_are_read_once_each_and_bounded() -> None:
    ids = [f"usr_{index:032x}" for index in range(MENTIONS_MAX + 5)]
    text = " ".join(f"@[N {index}]({one})" for index, one in enumerate(ids))
    assert mentioned(text + text) == ids[:MENTIONS_MAX]
    assert mentioned("@[a\nb](usr_" + "0" * 32 + ") @[](usr_" + "0" * 32 + ") a@b.c [x](usr_" + "0" * 32 + ")") == []


_documents = search_documents_table.c
