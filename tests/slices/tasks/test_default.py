"""Promises of the default queue."""

from __future__ import annotations

import hashlib
from typing import Any

from wipsie.kernel import json
from wipsie.testing.leaks import open_files


async def test_a_message_of_any_type_is_filed_with_a_summary(desk: Any) -> None:
    result = await desk.run("default", {"task_type": "user_action", "message": "Hello", "data": {"b": 1, "a": [2]}})
    assert result["task_type"] == "user_action"
    assert (result["keys"], result["data"]) == (["a", "b"], {"b": 1, "a": [2]})
    assert result["data_sha256"] == hashlib.sha256(json.encode({"b": 1, "a": [2]})).hexdigest()


async def test_data_that_is_large_is_filed_as_an_object(desk: Any) -> None:
    data = {"text": "x" * 20_000}
    result = await desk.run("default", {"data": data}, redeliver=True)
    assert "data" not in result
    assert json.decode((await desk.blobs.get(result["blob_key"])).content) == data
    assert len(await desk.blobs.list("messages")) == 1


async def test_a_result_stays_small_whatever_the_message_holds(desk: Any) -> None:
    data = {f"{n:05d}" + "k" * 300: n for n in range(500)}
    result = await desk.run("default", {"message": "m" * 100_000, "data": data})
    assert len(json.encode(result)) < 64 * 1024
    assert len(json.decode((await desk.blobs.get(result["blob_key"])).content)) == 500


async def test_raw_text_and_odd_shapes_are_filed(desk: Any) -> None:
    assert (await desk.run("default", "no json at all"))["data"] == {"raw": "no json at all"}
    assert (await desk.run("default", "[1, 2]"))["task_type"] == "raw"
    assert (await desk.run("default", {"data": [1, 2]}))["data"] == [1, 2]
    assert (await desk.run("default", {"task_type": "t", "user": "Ann"}))["data"] == {"user": "Ann"}


async def test_an_echo_returns_its_data(desk: Any) -> None:
    assert await desk.run("default", {"task_type": "echo", "data": {"a": [1, None, "ü"]}}) == {"a": [1, None, "ü"]}


async def test_the_slice_holds_nothing_open_before_it_is_used(desk: Any) -> None:
    assert not any("blobs" in name or "mail" in name for name in open_files(desk.mailbox.parent))
    assert not desk.mailbox.exists()
