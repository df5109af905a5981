"""Every way mail comes into a running Wipsie, and what is left of it when Wipsie is killed."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import json
import os
import re
import secrets
import shlex
import smtplib
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from wipsie.testing.eventually import eventually
from wipsie.testing.ports import free_port
from wipsie.testing.process import WipsieProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
Start = Callable[..., WipsieProcess]
MAILGUN_KEY = "a-signing-key-of-mailgun"


def message(subject: str, *, attachment_bytes: int = 0) -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Ann <ann@example.org>"
    made["To"] = "team@example.org"
    made["Date"] = "Fri, 01 Sep 2023 11:38:21 +0200"
    made["Subject"] = subject
    made["Message-ID"] = f"<{subject.replace(' ', '-')}@example.org>"
    made.set_content("Hello.")
    if attachment_bytes:
        made.add_attachment(secrets.token_bytes(attachment_bytes), maintype="application", subtype="octet-stream")
    return made


def documents(wipsie: WipsieProcess) -> dict[str, Any]:
    """The archive by subject."""
    found = [json.loads(path.read_text()) for path in wipsie.data_dir.glob("blobs/emails/*/*/*/*.json")]
    return {one["email_subject"]: one for one in found}


async def until_archived(wipsie: WipsieProcess, *subjects: str) -> dict[str, Any]:
    await eventually(lambda: set(subjects) <= set(documents(wipsie)), 40, f"{subjects} are archived\n{wipsie.log()}")
    return documents(wipsie)


async def test_the_printed_command_sends_an_email_that_is_archived(start_wipsie: Start) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    await eventually(lambda: "Send it a first e-mail: curl" in wipsie.log(), 10, "the command is printed")
    found = re.search(r"Send it a first e-mail: (curl .*)", wipsie.log())
    assert found is not None
    command = found[1].replace("curl ", "curl -sS ", 1)
    done = await asyncio.to_thread(
        subprocess.run, ["bash", "-c", command], capture_output=True, text=True, timeout=30, check=True
    )
    assert json.loads(done.stdout)["status"] == "success", done
    (document,) = (await until_archived(wipsie, "Happy new year!")).values()
    assert document["email_sender"] == "John doe"
    assert shlex.split(command)[0] == "curl"


async def test_the_command_of_the_readme_sends_one_to_a_wipsie_that_runs(start_wipsie: Start) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^curl \S+/api/email (?:.|\n)*?\n```", readme, re.MULTILINE)
    assert found is not None
    command = found[0].removesuffix("```")
    for written, here in (
        ("http://127.0.0.1:8000", wipsie.base_url),
        (".venv/bin/wipsie", f"{shlex.quote(sys.executable)} -m wipsie"),
    ):
        assert command.count(written) == 1
        command = command.replace(written, here)
    environment = {"PATH": os.environ["PATH"], "WIPSIE_DATA_DIR": str(wipsie.data_dir)}
    run = functools.partial(subprocess.run, capture_output=True, text=True, timeout=30, check=True, env=environment)
    done = await asyncio.to_thread(run, ["bash", "-c", command])
    assert json.loads(done.stdout)["status"] == "success", done
    await until_archived(wipsie, "Happy new year!")
    (path,) = wipsie.data_dir.glob("blobs/emails/2023/09/01/*")
    assert path.name.startswith("email-1693561101-")


async def test_mail_comes_by_smtp_and_lmtp_and_survives_a_kill(start_wipsie: Start) -> None:
    smtp_port, lmtp_port = free_port(), free_port()
    doors = {"MAIL_SMTP_PORT": str(smtp_port), "MAIL_LMTP_PORT": str(lmtp_port), "MAIL_DOMAINS": "example.org"}
    wipsie = start_wipsie(["up"], environment=doors)
    await wipsie.wait_until_healthy("/health/ready")

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", smtp_port, timeout=20) as client:
            client.send_message(message("By SMTP", attachment_bytes=3_000_000))
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.send_message(message("Elsewhere"), to_addrs=["someone@example.com"])
        with smtplib.LMTP("127.0.0.1", lmtp_port) as client:
            client.send_message(message("By LMTP"))

    await asyncio.to_thread(send)
    wipsie.kill()
    wipsie.start()
    await wipsie.wait_until_healthy("/health/ready")
    found = await until_archived(wipsie, "By SMTP", "By LMTP")
    assert set(found) == {"By SMTP", "By LMTP"}
    (attachment,) = found["By SMTP"]["email_mime"]["attachments"]
    assert attachment["size"] == 3_000_000
    path = Path(wipsie.data_dir, "blobs", "mail", "attachments", attachment["sha256"][:2], attachment["sha256"])
    assert hashlib.sha256(await asyncio.to_thread(path.read_bytes)).hexdigest() == attachment["sha256"]
    assert found["By LMTP"]["email_mime"]["envelope"]["door"] == "lmtp"


async def test_the_doctor_knows_the_ports_of_the_wipsie_that_runs_and_those_of_another(
    start_wipsie: Start, cli: Any, tmp_path: Path
) -> None:
    doors = {"MAIL_SMTP_PORT": str(free_port()), "MAIL_LMTP_PORT": str(free_port())}
    wipsie = start_wipsie(["up"], environment=doors)
    await wipsie.wait_until_healthy("/health/ready")

    async def statuses(**variables: str) -> dict[str, str]:
        done = await cli(wipsie, "doctor", "--json", **doors, **variables)
        return {one["check"]: one["status"] for one in done.json["checks"]}

    found = await statuses()
    assert (found["smtp"], found["lmtp"]) == ("ok", "ok")
    elsewhere = await statuses(WIPSIE_DATA_DIR=str(tmp_path / "elsewhere"))
    assert (elsewhere["smtp"], elsewhere["lmtp"]) == ("fail", "fail")


async def test_a_provider_brings_a_mail_larger_than_other_requests_may_be(start_wipsie: Start) -> None:
    wipsie = start_wipsie(["up"], environment={"MAIL_MAILGUN_SIGNING_KEYS": MAILGUN_KEY})
    await wipsie.wait_until_healthy("/health/ready")
    timestamp, token = str(int(time.time())), secrets.token_hex(25)
    signature = hmac.digest(MAILGUN_KEY.encode(), f"{timestamp}{token}".encode(), "sha256").hex()
    form = {
        "recipient": "team@example.org",
        "sender": "ann@example.org",
        "timestamp": timestamp,
        "token": token,
        "signature": signature,
        "body-mime": message("By Mailgun", attachment_bytes=2_000_000).as_string(),
    }

    def post() -> tuple[int, Any]:
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{wipsie.base_url}/webhook/mail/mailgun/mime", data=urllib.parse.urlencode(form).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            return answer.status, json.loads(answer.read())

    status, answer = await asyncio.to_thread(post)
    assert (status, answer["status"]) == (200, "success")
    found = await until_archived(wipsie, "By Mailgun")
    assert found["By Mailgun"]["email_mime"]["envelope"]["door"] == "mailgun"
