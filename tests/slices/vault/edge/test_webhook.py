"""The webhook, as Meta and as strangers find it: what is genuine is on disk before it is answered, and each message is there once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from door import NEXT_SECRET, NEXT_VERIFY, SECRET, VERIFY, WEBHOOK, Door, open_door, signature, text, webhook

from wipsie.audit import list_events
from wipsie.slices.vault.store.tables import inbox_table
from wipsie.testing.eventually import eventually

QUESTION = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158200417"}


@pytest.fixture
async def door(tmp_path: Path, migrated_database_url: str) -> AsyncIterator[Door]:
    async with open_door(tmp_path, DATABASE_URL=migrated_database_url) as opened:
        yield opened


# ------------------------------------------------------------------------------------------------------------ verification


WRONG_QUESTIONS: list[dict[str, str]] = [
    {**QUESTION, "hub.verify_token": "door-verify-tokem"},
    {**QUESTION, "hub.verify_token": ""},
    {**QUESTION, "hub.verify_token": f"{NEXT_VERIFY},{VERIFY}"},
    {**QUESTION, "hub.mode": "unsubscribe"},
    *({name: value for name, value in QUESTION.items() if name != missing} for missing in QUESTION),
]


async def test_the_challenge_comes_back_as_it_is_to_who_knows_a_token_and_others_learn_nothing(door: Door) -> None:
    for token in (VERIFY, NEXT_VERIFY):
        async with door.client.get(WEBHOOK, params={**QUESTION, "hub.verify_token": token}) as answer:
            assert (answer.status, await answer.text()) == (200, "1158200417")
            assert answer.content_type == "text/plain"
    for question in WRONG_QUESTIONS:
        async with door.client.get(WEBHOOK, params=question) as answer:
            told = await answer.text()
        assert answer.status == 403, question
        assert json.loads(told)["error"]["code"] == "FORBIDDEN"
        assert VERIFY not in told
        assert "1158200417" not in told


@pytest.mark.parametrize(
    ("setting", "method"), [("WHATSAPP_VERIFY_TOKEN", "GET"), ("WHATSAPP_APP_SECRET", "POST")], ids=["GET", "POST"]
)
async def test_without_what_it_checks_with_the_path_is_closed_and_says_which_setting_opens_it(
    tmp_path: Path, migrated_database_url: str, setting: str, method: str
) -> None:
    async with open_door(tmp_path, **{"DATABASE_URL": migrated_database_url, setting: ""}) as closed:
        async with closed.client.request(method, WEBHOOK, params=QUESTION if method == "GET" else {}) as answer:
            error = (await answer.json())["error"]
        assert (answer.status, error["code"], error["details"]) == (404, "NOT_FOUND", {"setting": setting})


# ---------------------------------------------------------------------------------------------------------------- signature


async def test_both_secrets_are_good_while_one_takes_the_place_of_the_other(door: Door) -> None:
    for secret in (SECRET, NEXT_SECRET):
        status, answer, _ = await door.post(webhook(text(message_id=f"wamid.{secret}")), secret=secret)
        assert (status, answer) == (200, b"")
    assert len(await door.rows(inbox_table)) == 2
    assert door.counted("vault_webhooks_total", outcome="accepted") == 2


BODY = webhook(text())
RIGHT = signature(BODY)
UNSIGNED: dict[str, dict[str, str]] = {
    "no signature": {},
    "empty": {"X-Hub-Signature-256": ""},
    "cut": {"X-Hub-Signature-256": RIGHT[:-2]},
    "longer": {"X-Hub-Signature-256": RIGHT + "00"},
    "one digit wrong": {"X-Hub-Signature-256": RIGHT[:-1] + ("0" if RIGHT[-1] != "0" else "1")},
    "without its name": {"X-Hub-Signature-256": RIGHT.removeprefix("sha256=")},
    "of another kind": {"X-Hub-Signature-256": RIGHT.replace("sha256", "sha512")},
    "the old header": {"X-Hub-Signature": RIGHT},
    "another secret": {"X-Hub-Signature-256": signature(BODY, "somebody-elses-app-secret")},
    "another body": {"X-Hub-Signature-256": signature(BODY + b" ")},
    "the same written anew": {"X-Hub-Signature-256": signature(json.dumps(json.loads(BODY), indent=1).encode())},
}


async def test_what_is_not_signed_is_refused_and_leaves_nothing(door: Door) -> None:
    for how, headers in UNSIGNED.items():
        assert await door.refusal(BODY, headers=headers) == (401, "UNAUTHORIZED"), how
    assert await door.rows(inbox_table) == []
    assert await door.jobs() == []
    assert door.counted("vault_webhooks_total", outcome="unsigned") == len(UNSIGNED)
    assert door.counted("vault_webhooks_total", outcome="accepted") == 0


# ------------------------------------------------------------------------------------------------------------- what it keeps


async def test_a_message_is_in_the_inbox_sealed_and_a_job_waits_for_it(door: Door) -> None:
    assert (await door.post(webhook(text("my secret words"))))[0] == 200
    (row,) = await door.rows(inbox_table)
    assert (row.kind, row.sent_at_ms, row.handled_at_ms) == ("text", 1_795_300_000_000, None)
    for value in row:
        assert b"secret words" not in (value if isinstance(value, bytes) else str(value).encode())
    await eventually(door.jobs, message="the job is published")
    assert await door.jobs() == [{"sender": row.sender_token}]


async def test_the_same_body_sixteen_times_at_once_is_one_message_and_one_job(door: Door) -> None:
    answers = await asyncio.gather(*(door.post(BODY) for _ in range(16)))
    assert [status for status, _, _ in answers] == [200] * 16
    assert (await door.post(BODY))[0] == 200
    assert len(await door.rows(inbox_table)) == 1
    assert (door.received("message"), door.received("duplicate")) == (1, 16)
    await eventually(door.jobs)
    assert len(await door.jobs()) == 1


async def test_the_same_id_with_other_words_is_told_and_the_first_stays(door: Door) -> None:
    await door.post(webhook(text("LIST")))
    (first,) = await door.rows(inbox_table)
    assert (await door.post(webhook(text("DELETE 1"))))[0] == 200
    assert await door.rows(inbox_table) == [first]
    assert (door.received("changed"), door.received("duplicate")) == (1, 0)
    (event,) = await list_events(door.parts.database, action="vault:message:changed")
    assert (event.actor, event.facts) == ("whatsapp", {"count": 1})


async def test_two_of_one_id_in_one_body_are_told_too(door: Door) -> None:
    assert (await door.post(webhook(text("LIST"), text("LIST"), text("DELETE 1"))))[0] == 200
    assert len(await door.rows(inbox_table)) == 1
    assert (door.received("message"), door.received("duplicate"), door.received("changed")) == (1, 1, 1)
    assert len(await list_events(door.parts.database, action="vault:message:changed")) == 1


async def test_a_thousand_updates_of_all_kinds_are_taken_at_once(door: Door) -> None:
    messages = [text(f"words {number}", message_id=f"wamid.{number}", user=str(number % 7)) for number in range(700)]
    odd: list[Any] = [{"from": "15550100001"}, 7, {**text(message_id="wamid.ODD"), "type": "hologram"}]
    statuses = [
        {"id": f"wamid.OUT{number}", "status": "delivered", "timestamp": "1795300001", "recipient_id": "15550100001"}
        for number in range(297)
    ]
    assert (await door.post(webhook(*messages, *odd, statuses=statuses)))[0] == 200
    assert len(await door.rows(inbox_table)) == 701
    assert (door.received("message"), door.received("unreadable")) == (701, 2)
    assert door.received("unmatched_status") == 297
    await eventually(door.jobs)
    jobs = await door.jobs()
    assert len({job["sender"] for job in jobs}) == len(jobs) == 7


NOT_FOR_US: list[tuple[bytes, str]] = [
    (b"no JSON", "unreadable"),
    (b'{"object": "page", "entry": []}', "unreadable"),
    (b"\xff\xfe", "unreadable"),
    (webhook(field="account_update"), "other"),
    (webhook(text(), number_id="999"), "elsewhere"),
    (webhook({**text(), "group_id": "g1"}), "elsewhere"),
]


async def test_what_is_genuine_and_not_for_us_is_answered_counted_and_not_kept(door: Door) -> None:
    for body, kind in NOT_FOR_US:
        before = door.received(kind)
        assert (await door.post(body))[0] == 200
        assert door.received(kind) == before + 1, body
    assert await door.rows(inbox_table) == []


async def test_a_body_larger_than_any_of_metas_is_refused_unread(door: Door) -> None:
    assert (await door.post(webhook(*(text(message_id="wamid." + "x" * 200) for _ in range(8_000)))))[0] == 200
    assert len(await door.rows(inbox_table)) == 1
    assert await door.refusal(b" " * 4_300_000) == (413, "REQUEST_TOO_LARGE")


# ---------------------------------------------------------------------------------------------------------- when it stands by


async def test_without_its_key_it_takes_nothing_says_so_and_goes_on_once_the_key_is_back(
    tmp_path: Path, migrated_database_url: str
) -> None:
    async with open_door(tmp_path, DATABASE_URL=migrated_database_url) as door:
        assert (await door.post(webhook(text(message_id="wamid.BEFORE"))))[0] == 200
        path = door.parts.settings.vault.key_file
        assert path is not None
    key = path.read_bytes()
    path.unlink()
    async with open_door(tmp_path, DATABASE_URL=migrated_database_url) as door:
        status, answer, headers = await door.post(webhook(text(message_id="wamid.MEANWHILE")))
        assert (status, json.loads(answer)["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert str(path).encode() not in answer
        for method in ("GET", "POST"):
            async with door.client.request(method, "/vault/links/somebody-tries") as refused:
                assert refused.status == 503
                assert str(path) not in await refused.text()
        assert int(headers["Retry-After"]) > 0
        assert door.counted("vault_webhooks_total", outcome="unavailable") == 1
        assert len(await door.rows(inbox_table)) == 1
        async with door.client.get("/health/ready") as ready:
            check = (await ready.json())["checks"]["vault"]
        # What else is served is served.
        assert (check["status"], check["data"]) == ("ok", {"keys": 0})
        assert "stands by" in check["detail"]
        assert door.counted("vault_standing_by") == 1
    path.write_bytes(key)
    path.chmod(0o600)
    async with open_door(tmp_path, DATABASE_URL=migrated_database_url) as door:
        assert (await door.post(webhook(text(message_id="wamid.MEANWHILE"))))[0] == 200
        assert len(await door.rows(inbox_table)) == 2
        async with door.client.get("/health/ready"):
            assert door.counted("vault_standing_by") == 0


async def test_metrics_count_what_came_and_what_waits(door: Door) -> None:
    await door.post(webhook(text(message_id="wamid.1"), text(message_id="wamid.2")))
    async with door.client.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    for line in (
        'vault_webhooks_total{outcome="accepted"} 1.0',
        'vault_messages_received_total{kind="message"} 2.0',
        "vault_inbox_waiting 2.0",
        "vault_standing_by 0.0",
    ):
        assert line in lines
    told = {line.split("{")[0].split(" ")[0] for line in lines if line.startswith("vault_")}
    assert {"vault_message_latency_seconds_count", "vault_file_seconds_count"} <= told
