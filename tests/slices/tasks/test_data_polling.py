"""Promises of process_data_polling, against a real HTTP server on loopback."""

from __future__ import annotations

import email.utils
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any

import pytest

from wipsie.kernel import json
from wipsie.slices.tasks.store import PollSourceStore, source_key
from wipsie.testing.simulators.http_source import HttpSource, Scripted
from wipsie.workers.breaker import BreakerOpen
from wipsie.workers.handler import Reject, Retry

PENGUINS = files("wipsie.slices.tasks").joinpath("data", "penguins.csv").read_bytes()

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def source() -> AsyncIterator[HttpSource]:
    async with HttpSource() as server:
        yield server


def poll(url: str, **data: Any) -> dict[str, Any]:
    return {"task_type": "data_polling", "data": {"source_url": url, "poll_interval": 60, **data}}


async def test_a_csv_file_is_fetched_filtered_and_filed(desk: Any, source: HttpSource) -> None:
    source.serve("/penguins.csv", PENGUINS, "text/csv; charset=utf-8")
    filters = {"species": "Gentoo", "body_mass_g": {"op": "gte", "value": 6050}}
    result = await desk.run("data_polling", poll(source.url("/penguins.csv"), filters=filters))
    assert (result["status"], result["http_status"], result["items"], result["matched"]) == ("fetched", 200, 344, 2)
    assert result["bytes"] == len(PENGUINS)
    assert {item["body_mass_g"] for item in result["sample"]} == {6050, 6300}
    blob = await desk.blobs.get(result["blob_key"])
    assert (blob.content, blob.info.sha256) == (PENGUINS, result["sha256"])
    matched = await desk.blobs.get(result["matched_blob_key"])
    assert [json.decode(line) for line in matched.content.splitlines()] == result["sample"]


async def test_an_unchanged_source_is_not_fetched_again_and_still_tells_its_items(
    desk: Any, source: HttpSource
) -> None:
    source.serve("/a", b'{"items": [{"n": 1}, {"n": 2}]}')
    first = await desk.run("data_polling", poll(source.url("/a")))
    again = await desk.run("data_polling", poll(source.url("/a"), filters={"n": 2}))
    assert (again["status"], again["http_status"]) == ("not_modified", 304)
    assert (again["items"], again["matched"], again["sample"]) == (2, 1, [{"n": 2}])
    assert again["blob_key"] == first["blob_key"]
    assert "if-none-match" not in source.requests[0].headers
    assert "if-none-match" in source.requests[1].headers


async def test_a_changed_source_is_fetched(desk: Any, source: HttpSource) -> None:
    source.serve("/a", b"[1]")
    await desk.run("data_polling", poll(source.url("/a")))
    source.serve("/a", b"[1, 2]")
    assert (await desk.run("data_polling", poll(source.url("/a"))))["items"] == 2


async def test_without_the_filed_body_nothing_is_asked_conditionally(desk: Any, source: HttpSource) -> None:
    source.serve("/a", b"[1]")
    first = await desk.run("data_polling", poll(source.url("/a")))
    await desk.blobs.delete(first["blob_key"])
    again = await desk.run("data_polling", poll(source.url("/a")))
    assert (again["status"], again["items"]) == ("fetched", 1)


async def test_a_new_source_is_asked_for_what_changed_since_the_last_poll_time(desk: Any, source: HttpSource) -> None:
    moment = "Sat, 04 Oct 2025 14:06:02 GMT"
    source.serve("/a", b"[1]", etag=False, last_modified=moment)
    result = await desk.run("data_polling", poll(source.url("/a"), last_poll_time="2025-10-04T14:06:02"))
    assert source.requests[0].headers["if-modified-since"] == moment
    assert (result["status"], result["items"], result["blob_key"]) == ("not_modified", None, None)


async def test_the_since_field_keeps_only_newer_items_and_those_without_a_time(desk: Any, source: HttpSource) -> None:
    items = [{"at": "2025-10-04T14:00:00Z"}, {"at": "2025-10-04T15:00:00Z"}, {"at": 1759590000}, {"n": 1}]
    source.serve("/a", json.encode(items))
    data = poll(source.url("/a"), last_poll_time="2025-10-04T14:30:00Z", filters={"since_field": "at"})
    assert (await desk.run("data_polling", data))["sample"] == items[1:]


async def test_last_and_next_poll_time_are_told(desk: Any, source: HttpSource) -> None:
    from datetime import datetime

    source.serve("/a", b"[]")
    result = await desk.run("data_polling", poll(source.url("/a"), poll_interval=90))
    passed = datetime.fromisoformat(result["next_poll_time"]) - datetime.fromisoformat(result["last_poll_time"])
    assert passed.total_seconds() == 90


@pytest.mark.parametrize(
    ("content_type", "body", "items"),
    [
        ("application/json", b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ("application/json", b'{"meta": 1, "results": [{"a": 1}]}', [{"a": 1}]),
        ("application/problem+json", b'{"a": 1}', [{"a": 1}]),
        ("application/x-ndjson", b'{"a": 1}\n\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        ("text/csv", b"a,b\n1,x\n007,NA\n", [{"a": 1, "b": "x"}, {"a": "007", "b": None}]),
        ("text/plain", b"one\ntwo\n", ["one", "two"]),
        ("application/octet-stream", b'[{"a": 1}]', [{"a": 1}]),
    ],
)
async def test_items_are_read_by_content_type(
    desk: Any, source: HttpSource, content_type: str, body: bytes, items: list[Any]
) -> None:
    source.serve("/a", body, content_type)
    result = await desk.run("data_polling", poll(source.url("/a")))
    assert (result["items"], result["sample"]) == (len(items), items)


async def test_a_body_that_is_not_what_it_says_is_rejected_but_kept(desk: Any, source: HttpSource) -> None:
    source.serve("/a", b"<html>", "application/json")
    with pytest.raises(Reject) as rejection:
        await desk.run("data_polling", poll(source.url("/a")))
    assert rejection.value.code == "VALIDATION_ERROR"
    remembered = await PollSourceStore(desk.database).find(source_key(source.url("/a")))
    assert remembered is not None
    assert remembered.status == "failed"
    assert (await desk.blobs.get(remembered.blob_key)).content == b"<html>"


async def test_a_large_body_is_read_in_the_process_pool(desk: Any, source: HttpSource) -> None:
    source.serve("/a", json.encode([{"n": n, "text": "x" * 50} for n in range(5000)]))
    result = await desk.run("data_polling", poll(source.url("/a"), filters={"n": {"op": "lt", "value": 7}}))
    assert (result["items"], result["matched"]) == (5000, 7)
    assert desk.pool.is_running


async def test_a_4xx_answer_is_final(desk: Any, source: HttpSource) -> None:
    for status in (400, 401, 403, 404, 410):
        source.script("/a", Scripted(status))
        with pytest.raises(Reject) as rejection:
            await desk.run("data_polling", poll(source.url("/a")))
        assert (rejection.value.code, str(status) in rejection.value.reason) == ("SOURCE_REFUSED", True)


async def test_5xx_408_and_429_are_tried_again_when_they_say(desk: Any, source: HttpSource) -> None:
    soon = email.utils.formatdate(desk.clock.now() + 120, usegmt=True)
    cases: list[tuple[int, str, float | None, float]] = [
        (503, "7", 7, 7),
        (429, "86400", 3600, 3600),
        (503, soon, 100, 120),
        (408, "nonsense", None, 0),
    ]
    for status, header, low, high in cases:
        source.script("/a", Scripted(status, headers={"Retry-After": header}))
        with pytest.raises(Retry) as retry:
            await desk.run("data_polling", poll(source.url("/a")))
        if low is None:
            assert retry.value.after_s is None
        else:
            assert retry.value.after_s is not None
            assert low <= retry.value.after_s <= high


async def test_a_host_that_keeps_failing_is_left_alone(desk: Any, source: HttpSource) -> None:
    source.script("/a", *(Scripted(500) for _ in range(20)))
    for _ in range(5):
        with pytest.raises(Retry):
            await desk.run("data_polling", poll(source.url("/a")))
    with pytest.raises(BreakerOpen):
        await desk.run("data_polling", poll(source.url("/a")))
    assert len(source.requests) == 5


async def test_missing_pages_do_not_open_the_breaker(desk: Any, source: HttpSource) -> None:
    for _ in range(8):
        with pytest.raises(Reject):
            await desk.run("data_polling", poll(source.url("/nothing")))


async def test_nobody_at_the_address_is_tried_again(desk: Any) -> None:
    with pytest.raises(Retry):
        await desk.run("data_polling", poll("http://127.0.0.1:1/"))


async def test_a_silent_source_is_given_up_in_time(open_desk: Any, source: HttpSource) -> None:
    from wipsie.slices.tasks.gateways.http_client import HttpClientSettings

    desk = await open_desk(http=HttpClientSettings(total_timeout_s=0.2))
    source.fall_silent("/a")
    with pytest.raises(Retry, match=r"within 0\.2 s"):
        await desk.run("data_polling", poll(source.url("/a")))


async def test_an_endless_body_is_cut_off(desk: Any, source: HttpSource) -> None:
    source.serve_endlessly("/a")
    with pytest.raises(Reject) as rejection:
        await desk.run("data_polling", poll(source.url("/a")))
    assert rejection.value.code == "BODY_TOO_LARGE"


async def test_a_compressed_bomb_is_cut_off(desk: Any, source: HttpSource) -> None:
    import gzip

    bomb = gzip.compress(b" " * 8 * 1024 * 1024)
    source.script("/a", Scripted(200, bomb, {"Content-Encoding": "gzip", "Content-Type": "application/json"}))
    with pytest.raises(Reject) as rejection:
        await desk.run("data_polling", poll(source.url("/a")))
    assert rejection.value.code == "BODY_TOO_LARGE"


async def test_redirects_are_followed_up_to_five(desk: Any, source: HttpSource) -> None:
    source.serve("/end", b"[1]")
    source.redirect("/a", "/end")
    assert (await desk.run("data_polling", poll(source.url("/a"))))["items"] == 1
    source.redirect("/loop", "/loop", times=10)
    with pytest.raises(Reject) as rejection:
        await desk.run("data_polling", poll(source.url("/loop")))
    assert rejection.value.code == "TOO_MANY_REDIRECTS"


async def test_each_hop_is_judged_like_the_first(open_desk: Any, source: HttpSource) -> None:
    desk = await open_desk(allow_private_networks=False, allowed_hosts=frozenset({"127.0.0.1"}))
    for location, code in (
        ("http://127.0.0.2/", "ADDRESS_REFUSED"),
        ("http://localhost/", "ADDRESS_REFUSED"),
        ("file:///etc/passwd", "URL_INVALID"),
    ):
        source.redirect("/a", location)
        with pytest.raises(Reject) as rejection:
            await desk.run("data_polling", poll(source.url("/a")))
        assert rejection.value.code == code


async def test_private_addresses_are_refused_unless_allowed(open_desk: Any, source: HttpSource) -> None:
    desk = await open_desk(allow_private_networks=False)
    with pytest.raises(Reject) as rejection:
        await desk.run("data_polling", poll(source.url("/a")))
    assert rejection.value.code == "ADDRESS_REFUSED"
    assert source.requests == []


async def test_credentials_reach_the_source_and_nothing_else(desk: Any, source: HttpSource) -> None:
    source.serve("/a", b"[1]")
    url = source.url("/a").replace("//", "//ann:secret@")
    result = await desk.run("data_polling", poll(url))
    assert source.requests[0].headers["authorization"].startswith("Basic ")
    remembered = await PollSourceStore(desk.database).find(source_key(url))
    assert "secret" not in str(result) + str(remembered)


async def test_a_bad_filter_is_rejected_with_the_known_operators(desk: Any, source: HttpSource) -> None:
    source.serve("/a", b"[1]")
    with pytest.raises(Reject, match="known are eq, ne, gt"):
        await desk.run("data_polling", poll(source.url("/a"), filters={"a": {"op": "like", "value": 1}}))


async def test_large_items_are_filed_whole_and_told_by_size(desk: Any, source: HttpSource) -> None:
    source.serve("/a", json.encode([{"text": "x" * 100_000}]))
    result = await desk.run("data_polling", poll(source.url("/a")))
    assert result["sample"] == [{"truncated": True, "bytes": 100_011}]
    assert len((await desk.blobs.get(result["matched_blob_key"])).content) == 100_012
