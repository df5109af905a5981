"""Promises of send_notification: real mail over SMTP, a real mailbox folder, real webhooks."""

from __future__ import annotations

import mailbox
from collections.abc import AsyncIterator
from typing import Any

import pytest

from wipsie.kernel import json
from wipsie.kernel.errors import ConfigurationError, InvalidInput
from wipsie.kernel.mail_address import parse_address
from wipsie.slices.tasks.gateways.smtp import parse_smtp_url
from wipsie.testing.simulators.http_source import HttpSource, Scripted
from wipsie.testing.simulators.smtp_server import SmtpServer
from wipsie.workers.breaker import BreakerOpen
from wipsie.workers.handler import Reject, Retry


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as server:
        yield server


@pytest.fixture
async def receiver() -> AsyncIterator[HttpSource]:
    async with HttpSource() as server:
        yield server


def notify(recipient: str = "ann@example.org", kind: str = "email", **data: Any) -> dict[str, Any]:
    return {
        "task_type": "notification",
        "data": {
            "recipient": recipient,
            "notification_type": kind,
            "subject": "Report ready",
            "body": "Good morning",
            **data,
        },
    }


async def test_without_a_mail_server_mail_lands_in_the_local_mailbox(desk: Any) -> None:
    result = await desk.run("notifications", notify(body="Grüße 🐧", metadata={"run_id": 7, "nested": {"a": 1}}))
    assert (result["status"], result["via"]) == ("delivered", "mailbox")
    box = mailbox.Maildir(desk.mailbox, create=False)
    (mail,) = list(box)
    assert (mail["To"], mail["From"], mail["Subject"]) == ("ann@example.org", "wipsie@localhost", "Report ready")
    assert mail["X-Wipsie-Run-Id"] == "7"
    assert mail["X-Wipsie-Nested"] is None
    assert mail["Message-ID"] == result["message_id"]
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().strip() == "Grüße 🐧"


async def test_a_repeat_is_not_delivered_twice_even_after_it_was_read(desk: Any) -> None:
    result = await desk.run("notifications", notify(), redeliver=True)
    assert result["status"] == "already_delivered"
    assert len(list((desk.mailbox / "new").iterdir())) == 1
    assert list((desk.mailbox / "tmp").iterdir()) == []


async def test_mail_goes_out_over_smtp(open_desk: Any, smtp: SmtpServer) -> None:
    desk = await open_desk(smtp_url=smtp.url, mail_from="Wipsie <wipsie@example.org>")
    result = await desk.run("notifications", notify("Ann <ann@example.org>"))
    (mail,) = smtp.received
    assert (mail.sender, mail.recipients) == ("wipsie@example.org", ["ann@example.org"])
    assert mail.message["Message-ID"] == result["message_id"]
    assert mail.message["Subject"] == "Report ready"
    assert mail.message.get_content().strip() == "Good morning"


async def test_mail_with_html_is_readable_with_and_without_it(open_desk: Any, smtp: SmtpServer) -> None:
    desk = await open_desk(smtp_url=smtp.url)
    await desk.run("notifications", notify(html="<p>Good <b>morning</b></p>"))
    (mail,) = smtp.received
    plain, html = mail.message.get_body(("plain",)), mail.message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().strip() == "Good morning"
    assert html.get_content().strip() == "<p>Good <b>morning</b></p>"


async def test_a_repeat_over_smtp_carries_the_same_message_id(open_desk: Any, smtp: SmtpServer) -> None:
    desk = await open_desk(smtp_url=smtp.url)
    await desk.run("notifications", notify(), redeliver=True)
    first, second = smtp.received
    assert first.message["Message-ID"] == second.message["Message-ID"]


async def test_a_passing_refusal_is_tried_again_and_a_final_one_is_not(open_desk: Any, smtp: SmtpServer) -> None:
    desk = await open_desk(smtp_url=smtp.url)
    smtp.answer_data_with("451 Try later", "554 No thanks")
    with pytest.raises(Retry, match="451"):
        await desk.run("notifications", notify())
    with pytest.raises(Reject, match="554"):
        await desk.run("notifications", notify())
    smtp.answer_recipient_with("450 Greylisted", "550 Nobody here")
    with pytest.raises(Retry, match="450"):
        await desk.run("notifications", notify())
    with pytest.raises(Reject, match="550"):
        await desk.run("notifications", notify())
    assert smtp.received == []


async def test_a_silent_mail_server_is_given_up_in_time(open_desk: Any, smtp: SmtpServer) -> None:
    desk = await open_desk(smtp_url=smtp.url.replace("timeout_s=5", "timeout_s=0.2"))
    smtp.hang()
    with pytest.raises(Retry):
        await desk.run("notifications", notify())


async def test_a_mail_server_that_is_down_is_left_alone_after_a_while(open_desk: Any) -> None:
    desk = await open_desk(smtp_url="smtp://127.0.0.1:1?tls=none&timeout_s=2")
    for _ in range(5):
        with pytest.raises(Retry):
            await desk.run("notifications", notify())
    with pytest.raises(BreakerOpen):
        await desk.run("notifications", notify())


async def test_headers_cannot_be_broken_out_of(desk: Any) -> None:
    attacks: list[dict[str, Any]] = [
        {"subject": "Hello\r\nBcc: all@example.org"},
        {"subject": "Hello\nX: y"},
        {"metadata": {"note": "a\r\nBcc: all@example.org"}},
        {"recipient": "ann@example.org\r\nBcc: all@example.org"},
        {"recipient": "ann@example.org\n"},
    ]
    for data in attacks:
        with pytest.raises(Reject, match="line break") as rejection:
            await desk.run("notifications", notify(**data))
        assert rejection.value.code == "VALIDATION_ERROR"
    assert not desk.mailbox.exists()


@pytest.mark.parametrize(
    "address",
    [
        "team: ann@example.org;",
        "ann@[127.0.0.1]",
        "ann",
        "@example.org",
        "ann@",
        "ann@@example.org",
        "ann@example..org",
        "ann@-example.org",
        "ann example@example.org",
        "ann@example.org, bob@example.org",
        "ann@example.org bob@example.org",
        "Ann <ann@example.org> trailing",
        "ann@" + "x" * 260 + ".org",
        "<script>",
    ],
)
def test_what_is_not_one_address_is_rejected(address: str) -> None:
    with pytest.raises(InvalidInput):
        parse_address(address, "recipient")


@pytest.mark.parametrize(
    ("address", "spec"),
    [
        ("ann@example.org", "ann@example.org"),
        ("Ann Example <ann.e+tag@mail.example.org>", "ann.e+tag@mail.example.org"),
        ('"Example, Ann" <ann@example.org>', "ann@example.org"),
        ("wipsie@localhost", "wipsie@localhost"),
    ],
)
def test_usual_addresses_are_accepted(address: str, spec: str) -> None:
    assert parse_address(address, "recipient").addr_spec == spec


async def test_a_template_gives_subject_and_text(desk: Any) -> None:
    metadata = {"severity": "high", "title": "Queue stuck", "status": "open", "started_at": "14:06"}
    data = notify(template_id="incident", metadata=metadata, body="The worker is looked at.", subject=None)
    result = await desk.run("notifications", data)
    assert result["subject"] == "[high] Queue stuck"
    (mail,) = list(mailbox.Maildir(desk.mailbox, create=False))
    text = mail.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert b"Severity: high" in text
    assert b"The worker is looked at." in text


async def test_an_unknown_template_and_missing_values_are_named(desk: Any) -> None:
    for template_id in ("nothing", "../slice", "incident.txt"):
        with pytest.raises(Reject, match="known are daily_summary, incident"):
            await desk.run("notifications", notify(template_id=template_id))
    with pytest.raises(Reject, match="needs severity, started_at, status, title"):
        await desk.run("notifications", notify(template_id="incident"))


async def test_sms_and_push_are_refused_honestly(desk: Any) -> None:
    for kind in ("sms", "push"):
        with pytest.raises(Reject, match="provider is configured") as rejection:
            await desk.run("notifications", notify("+4915112345678", kind))
        assert rejection.value.code == "NOT_CONFIGURED"


async def test_a_webhook_gets_the_notification_as_json(desk: Any, receiver: HttpSource) -> None:
    receiver.script("/hook", Scripted(204))
    result = await desk.run("notifications", notify(receiver.url("/hook"), "webhook", metadata={"a": [1]}))
    (request,) = receiver.requests
    body = json.decode(request.body)
    assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
    assert (body["subject"], body["body"], body["metadata"]) == ("Report ready", "Good morning", {"a": [1]})
    assert request.headers["idempotency-key"] == body["id"]
    assert (result["status"], result["http_status"]) == ("delivered", 204)


async def test_a_webhook_that_refuses_is_final_and_one_that_fails_is_tried_again(
    desk: Any, receiver: HttpSource
) -> None:
    receiver.script("/hook", Scripted(400), Scripted(302, headers={"Location": "/other"}), Scripted(500))
    for _ in range(2):
        with pytest.raises(Reject) as rejection:
            await desk.run("notifications", notify(receiver.url("/hook"), "webhook"))
        assert rejection.value.code == "WEBHOOK_REFUSED"
    receiver.script("/hook", Scripted(503, headers={"Retry-After": "9"}))
    with pytest.raises(Retry):
        await desk.run("notifications", notify(receiver.url("/hook"), "webhook"))
    with pytest.raises(Retry) as retry:
        await desk.run("notifications", notify(receiver.url("/hook"), "webhook"))
    assert retry.value.after_s == 9
    assert all(request.path == "/hook" for request in receiver.requests)


def grant_everything(_host: str, _port: int) -> bool:
    return True


async def test_a_webhook_cannot_reach_a_private_address_even_by_a_polling_grant(
    open_desk: Any, receiver: HttpSource
) -> None:
    desk = await open_desk(allow_private_networks=False, polling_grants=grant_everything)
    with pytest.raises(Reject) as rejection:
        await desk.run("notifications", notify(receiver.url("/hook"), "webhook"))
    assert rejection.value.code == "ADDRESS_REFUSED"
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("url", "port", "tls", "username", "password"),
    [
        ("smtp://mail.example.org", 25, "auto", None, None),
        ("smtp://ann:p%40ss@mail.example.org", 587, "required", "ann", "p@ss"),
        ("smtp://ann:x@mail.example.org:2525?tls=none", 2525, "none", "ann", "x"),
        ("smtps://mail.example.org", 465, "implicit", None, None),
    ],
)
def test_an_smtp_url_is_read(url: str, port: int, tls: str, username: str | None, password: str | None) -> None:
    settings = parse_smtp_url(url)
    assert (settings.port, settings.tls, settings.username, settings.password) == (port, tls, username, password)
    assert "p@ss" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://a",
        "smtp://",
        "smtp://a:99999",
        "smtp://a?tls=maybe",
        "smtp://a?x=1",
        "smtp://a?timeout_s=no",
    ],
)
def test_a_wrong_smtp_url_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SMTP_URL"):
        parse_smtp_url(url)


async def test_a_wrong_sender_is_a_configuration_error(open_desk: Any) -> None:
    with pytest.raises(ConfigurationError, match="MAIL_FROM"):
        await open_desk(mail_from="nobody")
