"""``POST /api/email`` as its senders know it: what is taken is on the queue, what is refused leaves nothing there and says why."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import aiohttp
import msgspec
import pytest

from wipsie.slices.mail.routes.email import LetterRules
from wipsie.slices.mail.service.token_keeper import Tokens
from wipsie.testing.clock import FakeClock

TOKEN = "$DJISA<$#45ex3RtYr"
DATA = {
    "email_subject": "Happy new year!",
    "email_sender": "John doe",
    "email_timestamp": "1693561101",
    "email_content": "Just want to say... Happy new year!!!",
}
JSON = {"Content-Type": "application/json"}


async def post(
    client: aiohttp.ClientSession, body: Any, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    content = body if isinstance(body, (bytes, str)) else json.dumps(body)
    async with client.post("/api/email", data=content, headers={**JSON, **(headers or {})}) as response:
        return response.status, await response.json()


def letter(**changes: Any) -> dict[str, Any]:
    """A request whose data has these changes; None takes a member away."""
    data = {name: value for name, value in {**DATA, **changes}.items() if value is not None}
    return {"token": TOKEN, "data": data}


async def bodies(desk: Any) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in await desk.engine.peek(desk.engine.resolve("mail"), limit=100)]


async def test_an_email_is_taken_and_what_goes_on_is_its_data_alone(desk: Any, client: aiohttp.ClientSession) -> None:
    status, answer = await post(client, letter())
    assert status == 200
    assert (answer["status"], answer["email_subject"]) == ("success", "Happy new year!")
    (message,) = await desk.engine.peek(desk.engine.resolve("mail"), limit=10)
    assert message.message_id == answer["message_id"]
    assert json.loads(message.body) == DATA
    assert message.body.isascii()
    assert TOKEN not in message.body


async def test_the_timestamp_may_have_its_other_name_and_may_be_a_number(
    desk: Any, client: aiohttp.ClientSession
) -> None:
    for changes in (
        {"email_timestamp": None, "email_timestream": "1693561101"},
        {"email_timestamp": 1693561101},
        {"email_timestamp": " 1693561101 "},
        {"email_timestream": 1693561101},
    ):
        status, answer = await post(client, letter(**changes))
        assert status == 200, answer
    assert await bodies(desk) == [DATA] * 4


async def test_the_token_may_come_in_a_header(desk: Any, client: aiohttp.ClientSession) -> None:
    body = {"data": DATA}
    assert (await post(client, body, {"Authorization": f"Bearer {TOKEN}"}))[0] == 200
    assert (await post(client, body, {"X-API-Token": TOKEN}))[0] == 200
    assert (await post(client, letter(), {"Authorization": f"Bearer {TOKEN}"}))[0] == 200
    assert (await post(client, {**body, "token": None}, {"X-API-Token": TOKEN}))[0] == 200
    # Somebody else's credentials are nothing to us, as long as the token is there.
    assert (await post(client, letter(), {"Authorization": "Basic YTpi"}))[0] == 200


NO_ENTRY: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "missing": ({}, {}),
    "empty": ({"token": ""}, {}),
    "null": ({"token": None}, {}),
    "number": ({"token": 5}, {}),
    "list": ({"token": [TOKEN]}, {}),
    "wrong": ({"token": "wrong"}, {}),
    "almost": ({"token": TOKEN[:-1]}, {}),
    "other case": ({"token": TOKEN.lower()}, {}),
    "spaces around": ({"token": f" {TOKEN} "}, {}),
    "not ASCII": ({"token": "tökén"}, {}),
    "wrong in a header": ({}, {"Authorization": "Bearer wrong"}),
    "header of another kind": ({}, {"Authorization": f"Basic {TOKEN}"}),
    "two that disagree": ({"token": TOKEN}, {"Authorization": "Bearer wrong"}),
    "an empty header beside the right one": ({"token": TOKEN}, {"X-API-Token": ""}),
}


@pytest.mark.parametrize("case", NO_ENTRY)
async def test_without_the_right_token_nobody_learns_what_was_wrong(
    desk: Any, client: aiohttp.ClientSession, case: str
) -> None:
    members, headers = NO_ENTRY[case]
    status, answer = await post(client, {**members, "data": {"email_subject": 5}}, headers)
    error = answer["error"]
    assert (status, error["code"], error["details"]) == (401, "UNAUTHORIZED", {})
    assert error["message"] == "The token is missing or wrong; ask whoever runs this service for it."
    assert await bodies(desk) == []
    assert desk.metric("api_validation_errors_total", error_type="token") == 1


async def test_the_token_before_the_change_is_good_too(desk: Any, connect: Any) -> None:
    desk.tokens = Tokens("new", TOKEN)
    client = await connect(desk)
    assert (await post(client, letter()))[0] == 200
    assert (await post(client, {**letter(), "token": "new"}))[0] == 200
    assert desk.metric("mail_token_uses_total", generation="previous") == 1


WRONG: dict[str, tuple[dict[str, Any], set[str]]] = {
    **{f"{name} missing": ({name: None}, {name}) for name in DATA},
    **{f"{name} empty": ({name: ""}, {name}) for name in DATA},
    **{f"{name} blank": ({name: " \t\n"}, {name}) for name in DATA},
    **{f"{name} a list": ({name: ["x"]}, {name}) for name in DATA},
    **{f"{name} an object": ({name: {}}, {name}) for name in DATA},
    **{f"{name} a number": ({name: 5}, {name}) for name in DATA if name != "email_timestamp"},
    "all missing": (dict.fromkeys(DATA), set(DATA)),
    "timestamp a word": ({"email_timestamp": "yesterday"}, {"email_timestamp"}),
    "timestamp negative": ({"email_timestamp": "-1693561101"}, {"email_timestamp"}),
    "timestamp with a sign": ({"email_timestamp": "+1693561101"}, {"email_timestamp"}),
    "timestamp a float": ({"email_timestamp": 1693561101.5}, {"email_timestamp"}),
    "timestamp a float as text": ({"email_timestamp": "1693561101.0"}, {"email_timestamp"}),
    "timestamp with an exponent": ({"email_timestamp": "1e9"}, {"email_timestamp"}),
    "timestamp true": ({"email_timestamp": True}, {"email_timestamp"}),
    "timestamp in ms": ({"email_timestamp": 1693561101000}, {"email_timestamp"}),
    "timestamp before 2000": ({"email_timestamp": "946684799"}, {"email_timestamp"}),
    "timestamp far ahead": ({"email_timestamp": "4102444800"}, {"email_timestamp"}),
    "timestamp in other digits": ({"email_timestamp": "١٦٩٣٥٦١١٠١"}, {"email_timestamp"}),
    "timestamp of hundreds of digits": ({"email_timestamp": "9" * 400}, {"email_timestamp"}),
    "two timestamps": ({"email_timestream": "1693561102"}, {"email_timestamp"}),
    "subject of two lines": ({"email_subject": "Hello\r\nBcc: all@example.org"}, {"email_subject"}),
    "sender of two lines": ({"email_sender": "a@example.org\nBcc: x"}, {"email_sender"}),
    "subject with NUL": ({"email_subject": "a\0b"}, {"email_subject"}),
    "our own member": ({"email_raw": {"key": "secrets"}}, {"email_raw"}),
}


@pytest.mark.parametrize("case", WRONG)
async def test_every_wrong_field_is_named(desk: Any, client: aiohttp.ClientSession, case: str) -> None:
    changes, wrong = WRONG[case]
    status, answer = await post(client, letter(**changes))
    error = answer["error"]
    assert (status, error["code"]) == (400, "INVALID_EMAIL"), answer
    assert {one["location"] for one in error["details"]["errors"]} == {f"body.data.{name}" for name in wrong}
    assert all(f"data.{name}" in error["message"] for name in wrong)
    assert await bodies(desk) == []
    assert desk.metric("api_validation_errors_total", error_type="data") == 1


@pytest.mark.parametrize("data", [None, "text", 5, [], True], ids=repr)
async def test_data_must_be_an_object(client: aiohttp.ClientSession, data: Any) -> None:
    for body in ({"token": TOKEN, "data": data}, {"token": TOKEN}):
        status, answer = await post(client, body)
        assert (status, answer["error"]["code"]) == (400, "INVALID_EMAIL")
        assert answer["error"]["details"]["errors"][0]["location"] == "body.data"


UNREADABLE = {
    "empty": b"",
    "blank": b"  ",
    "cut off": b'{"token": "a"',
    "a list": b"[]",
    "a text": b'"text"',
    "a number": b"5",
    "null": b"null",
    "NaN": b'{"token": NaN}',
    "invalid UTF-8": b'{"token": "\xff\xfe"}',
    "a lone surrogate": b'{"token": "\\ud800"}',
    "UTF-16": '{"token": "a"}'.encode("utf-16"),
    "nested for ever": b'{"data":' * 50_000,
    "a number of thousands of digits": b'{"data":' + b"9" * 10_000 + b"}",
    "a number too large": b'{"data": 1e999}',
    "a form": b"token=a&data=b",
}


@pytest.mark.parametrize("case", UNREADABLE)
async def test_what_is_no_json_object_is_refused_as_such(desk: Any, client: aiohttp.ClientSession, case: str) -> None:
    status, answer = await post(client, UNREADABLE[case])
    assert status == 400, answer
    assert answer["error"]["code"] == "INVALID_JSON"
    assert await bodies(desk) == []


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/xml",
        "nonsense",
    ],
)
async def test_another_media_type_is_told_before_anything_else(client: aiohttp.ClientSession, media_type: str) -> None:
    status, answer = await post(client, b"{", {"Content-Type": media_type})
    assert (status, answer["error"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert answer["error"]["details"] == {"accepted": ["application/json"]}


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json; charset=utf-8; profile=x",
        "application/json;odata=verbose",
        'application/json;charset="UTF-8"',
    ],
)
async def test_json_may_be_spelt_in_any_way(client: aiohttp.ClientSession, media_type: str) -> None:
    assert (await post(client, letter(), {"Content-Type": media_type}))[0] == 200


async def test_ten_megabytes_are_refused_while_they_are_read(desk: Any, client: aiohttp.ClientSession) -> None:
    async def chunks() -> Any:
        for _ in range(10 * 16):
            yield b"x" * 65_536

    for data in (chunks(), io.BytesIO(b"x" * 10 * 1024 * 1024)):
        try:
            async with client.post("/api/email", data=data, headers=JSON) as response:
                assert response.status == 413
        except aiohttp.ClientConnectionError:
            # Closed while it was still sending.
            continue
    assert await bodies(desk) == []


async def test_an_email_that_no_queue_takes_in_one_message_is_told_another_way(client: aiohttp.ClientSession) -> None:
    # Within the limit of a request as it comes, and beyond the queue's once it is ASCII.
    status, answer = await post(client, json.dumps(letter(email_content="é" * 300_000), ensure_ascii=False).encode())
    assert (status, answer["error"]["code"]) == (413, "MESSAGE_TOO_LARGE")
    assert "SMTP" in answer["error"]["message"]


async def test_further_members_are_kept_or_refused_as_the_setting_says(open_desk: Any, connect: Any) -> None:
    desk = await open_desk(letters=LetterRules(keep_unknown=False))
    client = await connect(desk)
    status, answer = await post(client, letter(email_cc="Ann", importance=5))
    assert status == 400
    assert {one["location"] for one in answer["error"]["details"]["errors"]} == {
        "body.data.email_cc",
        "body.data.importance",
    }


async def test_further_members_are_archived_by_default(desk: Any, client: aiohttp.ClientSession) -> None:
    extra = {"importance": 5, "labels": ["a", {"b": None}], "source": "crm", "id": "x", "message": "m", "big": 10**30}
    assert (await post(client, letter(**extra)))[0] == 200
    assert await bodies(desk) == [{**DATA, **extra}]


async def test_members_may_not_be_nested_for_ever(client: aiohttp.ClientSession) -> None:
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    status, answer = await post(client, letter(deep=deep))
    assert (status, answer["error"]["code"]) == (400, "INVALID_EMAIL")
    assert "nested" in answer["error"]["message"]


async def test_the_time_of_an_email_may_run_ahead_a_little(open_desk: Any, connect: Any) -> None:
    clock = FakeClock()
    desk = await open_desk(clock=clock)
    client = await connect(desk)
    assert (await post(client, letter(email_timestamp=str(int(clock.now()) + 300))))[0] == 200
    assert (await post(client, letter(email_timestamp=str(int(clock.now()) + 301))))[0] == 400


async def test_a_queue_that_is_not_open_is_told_with_a_time_to_come_again(
    desk: Any, client: aiohttp.ClientSession
) -> None:
    await desk.engine.stop()
    async with client.post("/api/email", json=letter()) as response:
        answer = await response.json()
        assert (response.status, answer["error"]["code"]) == (503, "SHUTTING_DOWN")
        assert int(response.headers["Retry-After"]) >= 1


async def test_a_queue_that_was_taken_away_is_no_fault_of_the_sender(desk: Any, client: aiohttp.ClientSession) -> None:
    await desk.engine.delete_queue(desk.engine.resolve("mail"))
    async with client.post("/api/email", json=letter()) as response:
        assert response.status == 503
        assert "Retry-After" in response.headers


async def test_a_full_queue_is_told_with_a_time_to_come_again(desk: Any, client: aiohttp.ClientSession) -> None:
    queue = desk.engine.resolve("mail")
    settings = await desk.engine.queue_settings(queue)
    await desk.engine.change_queue(msgspec.structs.replace(settings, max_messages=1))
    assert (await post(client, letter()))[0] == 200
    async with client.post("/api/email", json=letter()) as response:
        assert response.status == 429
        assert "Retry-After" in response.headers


async def test_nothing_of_an_email_or_token_is_logged(
    desk: Any, client: aiohttp.ClientSession, capfd: pytest.CaptureFixture[str]
) -> None:
    await post(client, letter())
    await post(client, {**letter(), "token": "wrong-token"})
    await post(client, letter(email_subject=""))
    await desk.work()
    captured = capfd.readouterr()
    for secret in (TOKEN, "wrong-token", "Happy new year", "John doe"):
        assert secret not in captured.out + captured.err


async def test_many_at_once_are_all_taken(desk: Any, client: aiohttp.ClientSession) -> None:
    answers = await asyncio.gather(*(post(client, letter(email_content=f"number {n}")) for n in range(100)))
    assert [status for status, _ in answers] == [200] * 100
    assert len({answer["id"] for _, answer in answers}) == 100
    assert len(await bodies(desk)) == 100
