"""What all doors have in common: they are closed until they are set up, keep within bounds, and lose nothing."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from provider_requests import (
    RAW,
    SIGNING_KEY,
    TOPIC,
    USER_PASSWORD,
    Part,
    Sample,
    mailgun,
    mailgun_mime_parts,
    mailgun_parsed_parts,
    notification,
    postmark,
    postmark_document,
    sendgrid,
    sendgrid_public_key,
    sendgrid_raw_parts,
    sns,
)
from webhook_hall import Hall

from wipsie.kernel.limits import MIB
from wipsie.slices.mail.doors.webhooks import receiving
from wipsie.slices.mail.doors.webhooks.settings import WebhookSettings
from wipsie.testing.clock import DEFAULT_START_S
from wipsie.testing.eventually import eventually

OpenHall = Callable[..., Awaitable[Hall]]
SAMPLES = {
    "sendgrid": sendgrid(sendgrid_raw_parts(), DEFAULT_START_S),
    "mailgun": mailgun(mailgun_parsed_parts(), DEFAULT_START_S),
    "mailgun/mime": mailgun(mailgun_mime_parts(), DEFAULT_START_S, token="m" * 50, mime=True),
    "postmark": postmark(postmark_document()),
    "ses": sns(notification(DEFAULT_START_S, "https://sns.eu-west-1.amazonaws.com/", "x") | {"Signature": "eA=="}),
}
WITH_A_MAIL = {name: sample for name, sample in SAMPLES.items() if name != "ses"}
SETTINGS = {
    "sendgrid": "MAIL_SENDGRID_PUBLIC_KEY",
    "mailgun": "MAIL_MAILGUN_SIGNING_KEYS",
    "mailgun/mime": "MAIL_MAILGUN_SIGNING_KEYS",
    "postmark": "MAIL_POSTMARK_USER_PASSWORD",
    "ses": "MAIL_SES_TOPIC_ARNS",
}
OPEN: dict[str, Any] = {
    "sendgrid_public_key": sendgrid_public_key(),
    "mailgun_signing_keys": (SIGNING_KEY,),
    "postmark_user_password": USER_PASSWORD,
    "ses_topic_arns": (TOPIC,),
}


@pytest.mark.parametrize("name", SAMPLES)
async def test_a_closed_door_names_the_setting_that_opens_it(open_doors: OpenHall, name: str) -> None:
    hall = await open_doors()
    status, body = await hall.send(SAMPLES[name])
    assert (status, body["error"]["code"]) == (404, "NOT_FOUND")
    assert SETTINGS[name] in body["error"]["message"]


@pytest.mark.parametrize("name", WITH_A_MAIL)
async def test_a_mail_the_store_could_not_take_is_taken_when_it_comes_again(hall: Hall, name: str) -> None:
    in_the_way = hall.folder / "kept"
    in_the_way.write_text("")
    sample = SAMPLES[name]
    async with hall.client.post(sample.path, data=sample.body, headers=sample.headers) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (503, "STORAGE_UNAVAILABLE")
        assert int(response.headers["Retry-After"]) > 0
    assert await hall.arrivals() == []
    in_the_way.unlink()
    await hall.accepted(sample)


@pytest.mark.parametrize("name", WITH_A_MAIL)
async def test_a_full_queue_is_a_reason_to_come_again_for_every_provider(open_doors: OpenHall, name: str) -> None:
    hall = await open_doors(**OPEN, max_messages=1)
    await hall.send(postmark(postmark_document(MessageID="first")))
    # 429 would make SendGrid drop the mail.
    assert await hall.refusal(SAMPLES[name]) == (503, "SERVICE_UNAVAILABLE")


async def chunks(body: bytes, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield body


@pytest.mark.parametrize("name", SAMPLES)
async def test_a_request_over_the_limit_is_refused_announced_or_not(open_doors: OpenHall, name: str) -> None:
    hall = await open_doors(**OPEN, size_bytes_max=300_000)
    sample = SAMPLES[name]
    for body in (io.BytesIO(b"x" * 300_001), chunks(b"x" * 10_000, 31)):
        async with hall.client.post(sample.path, data=body, headers=sample.headers) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (413, "REQUEST_TOO_LARGE")
    assert list(hall.spool_folder.iterdir()) == []
    assert await hall.arrivals() == []


async def test_a_raw_mail_of_25_mb_goes_by_file_and_leaves_none_behind(hall: Hall) -> None:
    large = RAW + b"line of a large mail\r\n" * (25 * MIB // 22)
    for sample in (
        sendgrid([Part("email", large)], hall.clock.now()),
        mailgun(mailgun_mime_parts(large), hall.clock.now(), mime=True),
    ):
        assert (await hall.send(sample))[0] == 200
    for arrival in await hall.arrivals():
        assert await hall.content(arrival) == large
    assert list(hall.spool_folder.iterdir()) == []


@pytest.mark.slow
async def test_a_mail_with_25_mb_of_files_is_put_together_by_file(hall: Hall) -> None:
    files = [Part(f"attachment-{number}", bytes(range(256)) * 50 * 1024, f"{number}", "a/b") for number in (1, 3)]
    arrival = await hall.accepted(mailgun(mailgun_parsed_parts(*files), hall.clock.now()))
    attachments = list((await hall.mail(arrival)).iter_attachments())
    assert [part.get_payload(decode=True) for part in attachments] == [file.content for file in files]


@pytest.mark.parametrize("name", WITH_A_MAIL)
async def test_a_refused_request_leaves_no_file_behind(hall: Hall, name: str) -> None:
    sample = SAMPLES[name]
    status, _ = await hall.send(sample.with_body(sample.body[:-10] + b"x" * 400_000))
    assert status in (400, 401)
    assert list(hall.spool_folder.iterdir()) == []


async def test_a_client_that_leaves_takes_its_files_along(hall: Hall) -> None:
    url = hall.client._base_url  # pyright: ignore[reportPrivateUsage]
    assert url is not None
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /webhook/mail/mailgun HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n")
    writer.write(b"x" * 400_000)
    await eventually(lambda: list(hall.spool_folder.iterdir()), message="a large body lies in a file")
    writer.close()
    await writer.wait_closed()
    await eventually(lambda: not list(hall.spool_folder.iterdir()), message="the file is gone")


async def test_more_large_requests_than_there_is_room_for_are_told_to_come_again(hall: Hall) -> None:
    large = sendgrid([Part("email", RAW + b"x" * 400_000)], hall.clock.now())
    url = hall.client._base_url  # pyright: ignore[reportPrivateUsage]
    assert url is not None
    writers: list[asyncio.StreamWriter] = []
    for _ in range(receiving.LARGE_MAX):
        _, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(b"POST /webhook/mail/mailgun HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n")
        writer.write(b"x" * 400_000)
        writers.append(writer)
    await eventually(lambda: len(list(hall.spool_folder.iterdir())) == receiving.LARGE_MAX)
    assert await hall.refusal(large) == (503, "SERVICE_UNAVAILABLE")
    assert (await hall.send(SAMPLES["mailgun"]))[0] == 200
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    await eventually(lambda: not list(hall.spool_folder.iterdir()))
    assert (await hall.send(large))[0] == 200


async def test_a_request_that_takes_too_long_is_told_to_come_again(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "RECEIVE_S_MAX", 0.05)
    url = hall.client._base_url  # pyright: ignore[reportPrivateUsage]
    assert url is not None
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /webhook/mail/mailgun HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\nx")
    async with asyncio.timeout(5):
        assert (await reader.readline()).startswith(b"HTTP/1.1 503")
    writer.close()
    await writer.wait_closed()


async def test_without_a_place_for_large_bodies_nothing_is_accepted(hall: Hall) -> None:
    hall.spool_folder.rmdir()
    large = sendgrid([Part("email", RAW + b"x" * 400_000)], hall.clock.now())
    assert await hall.refusal(large) == (503, "SERVICE_UNAVAILABLE")
    hall.spool_folder.mkdir()
    await hall.accepted(large)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=other"],
    ids=repr,
)
async def test_a_body_that_is_no_form_is_refused(hall: Hall, content_type: str) -> None:
    sample = SAMPLES["mailgun"]
    wrong = Sample(sample.path, {"Content-Type": content_type}, sample.body)
    assert await hall.refusal(wrong) == (400, "BAD_REQUEST")


def test_settings_do_not_show_their_secrets() -> None:
    shown = repr(WebhookSettings(**OPEN, sendgrid_password="hidden"))
    assert not any(secret in shown for secret in (SIGNING_KEY, USER_PASSWORD, "hidden"))


async def test_nothing_of_a_mail_is_logged(hall: Hall, capfd: pytest.CaptureFixture[str]) -> None:
    for sample in WITH_A_MAIL.values():
        assert (await hall.send(sample))[0] == 200
        await hall.send(sample.with_body(b"x"))
    logged = capfd.readouterr().err
    for private in ("example.org", "4711", SIGNING_KEY, "Grüße", "t" * 50, "pass word"):
        assert private not in logged


async def test_the_doors_are_described(hall: Hall) -> None:
    async with hall.client.get("/openapi.json") as response:
        paths = (await response.json())["paths"]
    for name in SAMPLES:
        operation = paths[f"/webhook/mail/{name}"]["post"]
        assert operation["security"] == []
        assert {"200", "401", "404", "413", "503"} <= set(operation["responses"])


def test_a_spool_makes_no_folder_until_it_needs_one(tmp_path: Path) -> None:
    from wipsie.slices.mail.doors.webhooks.spool import MEMORY_BYTES_MAX, Spill, Spool

    with Spool(tmp_path) as spool:
        small = Spill(spool)
        small.write(b"x" * MEMORY_BYTES_MAX)
        assert small.finish() == b"x" * MEMORY_BYTES_MAX
        assert list(tmp_path.iterdir()) == []
        large = Spill(spool)
        large.write(b"x" * MEMORY_BYTES_MAX)
        large.write(b"y")
        path = large.finish()
        assert isinstance(path, Path)
        assert path.read_bytes() == b"x" * MEMORY_BYTES_MAX + b"y"
        assert path.parent.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []
