"""``/api/vault`` as a team uses it: who may see what, what is masked, and that nothing is opened unseen."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from sqlalchemy import insert
from vault_office import HOSPITAL, NOTE, NUMBER_ID, PDF, WHY, VaultOffice

from wipsie.audit import list_events
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.service.keeping.reading_room import ReadingRoom
from wipsie.slices.vault.store.tables import files_table, pauses_table

DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


async def get(office: VaultOffice, path: str, who: str = "ada") -> Any:
    return (await office[who].get(f"/api/vault/{path}")).ok()


# ------------------------------------------------------------------------------------------------------------------- rights

READS = ("owners", "owners/{owner}", "owners/{owner}/reports", "owners/{owner}/accesses", "owners/{owner}/break-glass",
         "deliveries", "files", "pauses")  # fmt: skip
CHANGES = (
    "owners/{owner}/reports/1/break-glass",
    "owners/{owner}/unlock",
    "deliveries/{delivery}/resend",
    "deliveries/{waiting}/cancel",
    "files/{file}/recheck",
    f"pauses/{NUMBER_ID}/resume",
)


async def test_each_role_may_what_its_rights_say_and_a_stranger_nothing(office: VaultOffice) -> None:
    owner = await office.meet()
    await office.save(owner)
    await office.lock(owner)
    names = {
        "owner": owner,
        "delivery": await office.say(owner, state="failed"),
        "waiting": await office.say(owner),
        "file": await office.receive(owner),
    }
    await pause(office)
    for path in READS:
        url = f"/api/vault/{path.format(**names)}"
        for who in ("ann", "bob", "lea"):
            (await office[who].get(url)).refused(403, "FORBIDDEN")
        for who in ("otto", "ada"):
            assert (await office[who].get(url)).status == 200, url
    for path in CHANGES:
        url = f"/api/vault/{path.format(**names)}"
        body = {"reason": WHY} if "owners" in path else None
        for who in ("ann", "bob", "lea", "otto"):
            (await office[who].post(url, body)).refused(403, "FORBIDDEN")
        assert (await office["ada"].post(url, body)).status in (200, 202, 204), url
    async with aiohttp.ClientSession(office.office.url) as stranger:
        for method, path in [*(("GET", one) for one in READS), *(("POST", one) for one in CHANGES)]:
            async with stranger.request(method, f"/api/vault/{path.format(**names)}", json={}) as answer:
                assert (answer.status, (await answer.json())["error"]["code"]) == (401, "UNAUTHORIZED"), path


# ------------------------------------------------------------------------------------------------------------------ masking


@DATABASES
async def test_whom_it_serves_is_masked_and_what_they_sent_is_not_there(office: VaultOffice) -> None:
    owner = await office.meet()
    hidden = await office.meet(wa_id=None, user_id="BR.77120055340918", username="lia.test", consented=False)
    await office.save(owner)
    await office.say(owner, words="Your words")
    await office.receive(owner)
    shown = {path: await get(office, path) for path in ("owners", f"owners/{owner}", f"owners/{owner}/reports")}
    shown |= {path: await get(office, path) for path in ("deliveries", "files", f"owners/{owner}/accesses")}
    told = json.dumps(shown, ensure_ascii=False)
    secret = (
        "Asha",
        "lia.test",
        "911234560101",
        "4812007731",
        "77120055340918",
        HOSPITAL,
        NOTE,
        "My.pdf",
        "Your words",
    )
    assert [one for one in secret if one in told] == []
    newest, first = shown["owners"]["data"]
    assert (first["id"], first["masked"]) == (owner, "+91••••••0101")
    assert (first["reports"], first["stored_bytes"], first["consent_version"]) == (1, len(PDF), 1)
    assert first == shown[f"owners/{owner}"]
    assert (newest["id"], newest["masked"], newest["consent_version"]) == (hidden, "BR.••••0918", None)
    assert (newest["reports"], newest["conversation"], newest["window_open"]) == (0, None, True)
    (report,) = shown[f"owners/{owner}/reports"]["data"]
    assert (report["number"], report["files"], report["scan"], report["deleted_at"]) == (1, 1, "clean", None)


# ---------------------------------------------------------------------------------------------------------------- in need


@DATABASES
async def test_a_report_is_opened_in_need_for_a_reason_and_its_owner_sees_who_did(office: VaultOffice) -> None:
    owner = await office.meet()
    await office.save(owner)
    opened = (await office.break_glass(owner)).ok()
    assert (opened["number"], opened["date"], opened["hospital"], opened["note"]) == (1, "2025-11-03", HOSPITAL, NOTE)
    actor = f"user:{office['ada'].user_id}"
    # The link leads there, once, and that is seen too.
    path = "/vault/links/" + opened["link"].rpartition("/")[2]
    async with aiohttp.ClientSession(office.office.url) as anybody:
        async with anybody.post(path) as file:
            assert await file.read() == PDF
        async with anybody.post(path) as again:
            assert again.status == 404
    events = await get(office, f"owners/{owner}/accesses", "otto")
    seen = [(one["action"], one["actor"], one["reason"]) for one in events["data"]]
    assert ("vault:report:view", actor, "break_glass") in seen
    assert ("vault:report:break_glass", actor, "break_glass") in seen
    assert ("vault:link:make", actor, "break_glass") in seen
    assert ("vault:link:open", "link", None) in seen
    # What the owner reads with HISTORY.
    ring = await office.ring()
    room = ReadingRoom(office.database, None)  # pyright: ignore[reportArgumentType]  it opens nothing here
    async with office.database.unit_of_work() as unit:
        history = await room.history(unit, ring, Viewer.owner(owner), owner)
    assert history is not None
    assert {one.action for one in history if one.actor == actor} >= {"vault:report:view", "vault:report:break_glass"}
    # Why is told to those who watch over it, and stands nowhere else.
    (opening,) = (await get(office, f"owners/{owner}/break-glass", "otto"))["data"]
    assert (opening["actor"], opening["number"], opening["reason"]) == (actor, 1, WHY)
    assert WHY not in str([event.facts for event in await list_events(office.database, limit=100)])


async def test_nothing_is_given_that_could_not_be_recorded(office: VaultOffice) -> None:
    owner = await office.meet()
    await office.save(owner)
    await office.intrude("DELETE FROM audit_head")
    refused = await office.break_glass(owner)
    assert refused.status == 500
    assert HOSPITAL not in str(refused.body)
    assert (await get(office, f"owners/{owner}/break-glass"))["data"] == []


async def test_asking_for_what_is_not_there_is_recorded_and_refused_alike(office: VaultOffice) -> None:
    owner, other = await office.meet(), await office.meet()
    await office.save(other)
    for number in (1, 7, 2**31 - 1):
        (await office.break_glass(owner, number)).refused(404, "NOT_FOUND")
    tried = [one for one in (await get(office, f"owners/{owner}/accesses"))["data"] if one["reason"] == "break_glass"]
    assert len(tried) == 3
    for number in (0, -1, "one", "1.5", 2**31, "9" * 40, "%D9%A1"):
        (await office.break_glass(owner, number)).refused(404, "NOT_FOUND")
    (await office.break_glass("vid_nobody")).refused(404, "NOT_FOUND")


NO_REASONS: list[Any] = [
    {"reason": "short"},
    {"reason": " " * 20},
    {"reason": "  why not  "},
    {"reason": "x" * 501},
    {"reason": 5},
    {"reason": None},
    {"reason": WHY, "owner": "x"},
    [],
]


async def test_without_a_reason_nothing_is_opened(office: VaultOffice) -> None:
    owner = await office.meet()
    await office.save(owner)
    for body in NO_REASONS:
        (await office.break_glass(owner, 1, body)).refused(422, "VALIDATION_ERROR")
    assert (await office.break_glass(owner, 1, b"{")).refused(400, "INVALID_JSON").body["error"]["request_id"]
    assert (await get(office, f"owners/{owner}/break-glass"))["data"] == []
    assert await list_events(office.database, action="vault:report:view") == []


# ---------------------------------------------------------------------------------------------------------- let in again


@DATABASES
@pytest.mark.parametrize("pin_hash", [None, "0f:of a PIN they forgot"])
async def test_who_was_locked_out_is_let_in_by_staff_and_told_so(office: VaultOffice, pin_hash: str | None) -> None:
    owner, other = await office.meet(), await office.meet()
    for one in (owner, other):
        await office.lock(one, pin_hash=pin_hash, pin_failures=7, pin_blocked_until_ms=2**40)
    assert (await get(office, f"owners/{owner}"))["needs_step_up"] is True
    assert (await office.unlock(owner)).status == 204
    shown = await get(office, f"owners/{owner}")
    assert (shown["needs_step_up"], shown["has_pin"]) == (False, False)
    assert (await get(office, f"owners/{other}"))["needs_step_up"] is True
    (told,) = (await get(office, "deliveries"))["data"]
    assert (told["owner"], told["kind"], told["state"]) == (owner, "text", "waiting")
    # Why is told to those who watch over it, and stands nowhere else; that it was done its owner sees too.
    actor = f"user:{office['ada'].user_id}"
    (reason,) = (await get(office, f"owners/{owner}/break-glass", "otto"))["data"]
    assert reason == {"at": reason["at"], "actor": actor, "action": "owner_let_in", "number": None, "reason": WHY}
    (event,) = await list_events(office.database, action="vault:identity:unlock")
    assert (event.actor, event.object) == (actor, f"owner:{owner}")
    assert WHY not in str([event.facts for event in await list_events(office.database, limit=100)])
    assert "opened to you again, by staff" in await office.history(owner)


async def test_who_is_asked_for_nothing_is_not_unlocked(office: VaultOffice) -> None:
    owner = await office.meet()
    (await office.unlock(owner)).refused(409, "CONFLICT")
    (await office.unlock("vid_nobody")).refused(404, "NOT_FOUND")
    await office.lock(owner)
    assert (await office.unlock(owner)).status == 204
    (await office.unlock(owner)).refused(409, "CONFLICT")
    assert len((await get(office, f"owners/{owner}/break-glass"))["data"]) == 1
    assert len(await list_events(office.database, action="vault:identity:unlock")) == 1


async def test_nobody_is_let_in_without_a_reason_or_without_a_record(office: VaultOffice) -> None:
    owner = await office.meet()
    await office.lock(owner)
    for body in NO_REASONS:
        (await office.unlock(owner, body)).refused(422, "VALIDATION_ERROR")
    (await office.unlock(owner, b"{")).refused(400, "INVALID_JSON")
    await office.intrude("DELETE FROM audit_head")
    assert (await office.unlock(owner)).status == 500
    assert (await get(office, f"owners/{owner}"))["needs_step_up"] is True
    assert (await get(office, "deliveries"))["data"] == []


# -------------------------------------------------------------------------------------------------------------------- lists


@DATABASES
async def test_owners_are_filtered_and_paged_the_newest_first(office: VaultOffice) -> None:
    owners = [await office.meet(consented=number % 2 == 0) for number in range(5)]
    ada = office["ada"]
    assert [one["id"] for one in await ada.all_pages("/api/vault/owners?limit=2")] == owners[::-1]
    assert [one["id"] for one in await ada.all_pages("/api/vault/owners?sort=created_at&limit=3")] == owners
    agreed = await ada.all_pages("/api/vault/owners?consented=true&limit=2")
    assert [one["id"] for one in agreed] == [owners[4], owners[2], owners[0]]
    others = await ada.all_pages("/api/vault/owners?consented=false")
    assert [one["id"] for one in others] == [owners[3], owners[1]]
    assert await ada.all_pages("/api/vault/owners?stopped=true") == []
    await office.lock(owners[3])
    assert [one["id"] for one in await ada.all_pages("/api/vault/owners?locked=true")] == [owners[3]]
    assert len(await ada.all_pages("/api/vault/owners?locked=false")) == 4


@DATABASES
async def test_deliveries_and_files_are_found_by_what_became_of_them(office: VaultOffice) -> None:
    asha, lia = await office.meet(), await office.meet()
    failed = await office.say(asha, state="failed", error_code=131026, error="undeliverable")
    read = await office.say(asha, state="accepted", status="read", status_at_ms=office.clock.now_ms())
    waiting = await office.say(lia)
    ada = office["ada"]
    for query, found in (
        ("", [waiting, read, failed]),
        ("?state=failed", [failed]),
        ("?state=waiting,failed", [waiting, failed]),
        ("?status=read", [read]),
        (f"?owner={lia}", [waiting]),
        (f"?owner={lia}&state=failed", []),
    ):
        assert [one["id"] for one in await ada.all_pages(f"/api/vault/deliveries{query}")] == found, query
    (told,) = (await get(office, "deliveries?state=failed"))["data"]
    assert (told["error_code"], told["error"], told["next_at"]) == (131026, "undeliverable", None)
    assert told["settled_at"] is not None
    files = [await office.receive(asha), await office.receive(lia, state="waiting")]
    assert [one["id"] for one in await ada.all_pages("/api/vault/files?state=fetching")] == files[:1]
    assert [one["id"] for one in await ada.all_pages(f"/api/vault/files?owner={lia}")] == files[1:]
    for path in ("deliveries?state=lost", "files?state=nowhere", "owners?limit=0", "owners?sort=masked", "files?x=1"):
        answer = await ada.get(f"/api/vault/{path}")
        assert answer.status in (400, 422), path
        assert answer.body["error"]["message"]


# ------------------------------------------------------------------------------------------------------------------ changes


@DATABASES
async def test_what_failed_is_sent_again_once_as_a_delivery_of_its_own(office: VaultOffice) -> None:
    owner = await office.meet()
    failed = await office.say(owner, state="failed")
    new = (await office["ada"].post(f"/api/vault/deliveries/{failed}/resend", None)).ok(202)["id"]
    assert new != failed
    assert {one["id"]: one["state"] for one in (await get(office, "deliveries"))["data"]} == {
        failed: "failed",
        new: "waiting",
    }
    assert [one["data"] for one in await office.office.published() if one["task_type"] == "vault_deliver"][-1] == {
        "owner": owner
    }
    (await office["ada"].post(f"/api/vault/deliveries/{failed}/resend", None)).refused(409, "CONFLICT")
    (await office["ada"].post(f"/api/vault/deliveries/{new}/resend", None)).refused(409, "CONFLICT")
    (await office["ada"].post("/api/vault/deliveries/vdel_none/resend", None)).refused(404, "NOT_FOUND")
    (event,) = await list_events(office.database, action="vault:delivery:retry")
    assert (event.actor, event.object) == (f"user:{office['ada'].user_id}", f"delivery:{failed}")


async def test_what_waits_is_cancelled_and_what_was_sent_is_not(office: VaultOffice) -> None:
    owner = await office.meet()
    waiting = await office.say(owner)
    sent = await office.say(owner, state="accepted", status="sent")
    assert (await office["ada"].post(f"/api/vault/deliveries/{waiting}/cancel", None)).status == 204
    for one in (waiting, sent):
        (await office["ada"].post(f"/api/vault/deliveries/{one}/cancel", None)).refused(409, "CONFLICT")
    assert len(await list_events(office.database, action="vault:delivery:cancel")) == 1


async def test_a_file_that_waits_is_looked_at_again_and_no_other(office: VaultOffice) -> None:
    owner = await office.meet()
    file, unopened = await office.receive(owner), await office.receive(owner, state="waiting")
    shown = (await office["ada"].post(f"/api/vault/files/{file}/recheck", None)).ok(202)
    assert shown == (await get(office, "files?state=fetching"))["data"][0]
    jobs = [one["data"] for one in await office.office.published() if one["task_type"] == "vault_fetch"]
    assert [job["file"] for job in jobs] == [file]
    (await office["ada"].post(f"/api/vault/files/{unopened}/recheck", None)).refused(409, "CONFLICT")
    (await office["ada"].post("/api/vault/files/vfl_none/recheck", None)).refused(404, "NOT_FOUND")
    async with office.database.begin() as connection:
        await connection.execute(files_table.update().where(files_table.c.id == file).values(state="refused"))
    (await office["ada"].post(f"/api/vault/files/{file}/recheck", None)).refused(409, "CONFLICT")


async def test_a_silent_number_is_seen_and_tried_at_once(office: VaultOffice) -> None:
    assert (await get(office, "pauses"))["data"] == []
    await pause(office)
    (shown,) = (await get(office, "pauses"))["data"]
    assert (shown["phone_number_id"], shown["error_code"], shown["reason"]) == (NUMBER_ID, 190, "token")
    assert (await office["ada"].post(f"/api/vault/pauses/{NUMBER_ID}/resume", None)).status == 204
    for nobodys in ("1", "x" * 200, "%2e%2e"):
        (await office["ada"].post(f"/api/vault/pauses/{nobodys}/resume", None)).refused(404, "NOT_FOUND")
    (event,) = await list_events(office.database, action="vault:number:resume")
    assert event.object == f"number:{NUMBER_ID}"


async def pause(office: VaultOffice) -> None:
    now_ms = office.clock.now_ms()
    async with office.database.begin() as connection:
        await connection.execute(
            insert(pauses_table).values(
                phone_number_id=NUMBER_ID, error_code=190, reason="token", since_ms=now_ms, until_ms=now_ms + 900_000
            )
        )
