"""Promises of followers: one follows or one does not, and hears of changes accordingly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wipsie.audit import list_events

if TYPE_CHECKING:
    from wipsie.testing.office import Office


async def _update(office: Office, name: str = "ann") -> str:
    return (await office[name].post("/api/status", {"notes": "x"})).headers["Location"]


async def test_to_follow_twice_is_to_follow(office: Office) -> None:
    on = await _update(office)
    for _ in range(2):
        assert (await office["bob"].ask("PUT", f"{on}/followers/me")).status == 204
    office.clock.jump(5)
    assert (await office["otto"].ask("PUT", f"{on}/followers/me")).status == 204
    followers = await office["lea"].all_pages(f"{on}/followers?limit=1")
    assert [one["person"]["name"] for one in followers[2:]] == ["Otto"]
    assert {one["person"]["name"] for one in followers[:2]} == {"Ann", "Bob"}
    events = [event.action for event in await list_events(office.parts.database)]
    assert events.count("asyncops:status:follow") == 2


async def test_who_follows_no_longer_is_told_no_longer(office: Office) -> None:
    on = await _update(office)
    for _ in range(2):
        assert (await office["ann"].ask("DELETE", f"{on}/followers/me")).status == 204
    (await office["bob"].post(f"{on}/comments", {"body": "Hm."})).ok(201)
    assert await office.mail_to("ann") == []
    assert [event.action for event in await list_events(office.parts.database)].count("asyncops:status:unfollow") == 1


async def test_what_one_follows_is_a_list(office: Office) -> None:
    first = await _update(office)
    office.clock.jump(1)
    second = await _update(office, "bob")
    (await office["ann"].ask("PUT", f"{second}/followers/me")).ok(204)
    followed = await office["ann"].all_pages("/api/followed?limit=1")
    assert [one["path"] for one in followed] == [second, first]
    assert followed[1]["title"] == "Ann, 2025-10-04"
    assert (await office["ann"].get("/api/followed?kind=incident")).ok()["data"] == []
    assert (await office["lea"].get("/api/followed")).ok()["data"] == []
    assert (await office["bob"].delete(second)).status == 204
    assert [one["path"] for one in await office["ann"].all_pages("/api/followed")] == [first]


async def test_what_is_not_there_cannot_be_followed(office: Office) -> None:
    for method in ("PUT", "DELETE"):
        (await office["ann"].ask(method, "/api/status/upd_1/followers/me")).refused(404, "NOT_FOUND")
    (await office["ann"].get("/api/status/upd_1/followers")).refused(404, "NOT_FOUND")
