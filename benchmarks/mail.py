"""Mails for load: letters and MIME, made from a number, so that no two are alike."""

from __future__ import annotations

import base64
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from wipsie.app.parts import Parts, build_parts
from wipsie.app.settings import Settings
from wipsie.database.migrator import migrate
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import new_message_id
from wipsie.queue.contract import NewMessage
from wipsie.slices.mail.domain.arrival import Envelope, letter_body
from wipsie.slices.mail.domain.letter import Letter
from wipsie.slices.mail.service.intake import MAIL_QUEUE, MailIntake

TOKEN = "a-token-for-load"  # noqa: S105 - opens nothing but the server under load
FIRST_S = 1_600_000_000
_BATCH = 1_000
_COMMON = [
    *("invoice", "report", "meeting", "deadline", "customer", "contract", "shipment", "delivery"),
    *("payment", "reminder", "schedule", "budget", "forecast", "review", "draft", "proposal"),
    *("question", "answer", "attachment", "signature", "project", "release", "incident", "blocker"),
    *("decision", "summary", "hospital", "laboratory", "result", "appointment", "insurance", "travel"),
    *("booking", "flight", "hotel", "receipt", "refund", "order", "warehouse"),
]
_SYLLABLES = ("ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "wu", "za", "chen")
_WORDS = [*_COMMON, *(a + b + c for a in _SYLLABLES for b in _SYLLABLES for c in _SYLLABLES)]
"""Five thousand, the common ones first: as in a language, few stand in most mails and most in few."""
_SKEW = 3


@dataclass(frozen=True, kw_only=True)
class MailPlace:
    """A composed product over an empty folder."""

    parts: Parts
    intake: MailIntake


@asynccontextmanager
async def open_mail(values: dict[str, str]) -> AsyncGenerator[MailPlace]:
    """Its queues, its database and the slices are started; no worker."""
    settings = Settings.read(values)
    await migrate(settings.database.url)
    parts = build_parts(settings, SystemClock())
    await parts.database.start()
    await parts.engine.start([queue for one in parts.slices for queue in one.queues])
    try:
        for one in parts.slices:
            for start in one.on_start:
                await start()
        yield MailPlace(parts=parts, intake=MailIntake(parts.engine, parts.blobs))
    finally:
        for one in parts.slices:
            for stop in one.on_stop:
                await stop()
        await parts.cpu_pool.stop()
        await parts.engine.stop()
        await parts.database.stop()


def letter(number: int) -> Letter:
    """A letter of about 700 characters; numbers give times one minute apart."""
    chance = random.Random(number)
    sender = number % 997
    return Letter(
        subject=f"{chance.choice(_COMMON).capitalize()} {_word(chance)} {number}",
        sender=f"Person {sender} <person{sender}@company{sender % 50}.example.org>",
        timestamp_s=FIRST_S + number * 60,
        content=" ".join(_word(chance) for _ in range(90)) + f" reference{number}",
    )


def _word(chance: random.Random) -> str:
    return _WORDS[int(len(_WORDS) * chance.random() ** _SKEW)]


def mime(number: int, *, attachment_bytes: int = 20_000) -> bytes:
    """A mail with a text and one attachment of its own."""
    one = letter(number)
    file = base64.encodebytes(random.Random(number).randbytes(attachment_bytes)).decode()
    date = format_datetime(datetime.fromtimestamp(one.timestamp_s, UTC))
    return (
        (
            f"From: {one.sender}\r\nTo: team@example.org\r\nSubject: {one.subject}\r\nDate: {date}\r\n"
            f"Message-ID: <{number}@load.example.org>\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n'
            f"{one.content}\r\n--b\r\nContent-Type: application/pdf\r\n"
            f'Content-Disposition: attachment; filename="file{number}.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
            f"{file}--b--\r\n"
        )
        .replace("\n", "\r\n")
        .replace("\r\r\n", "\r\n")
        .encode()
    )


async def fill_with_letters(place: MailPlace, count: int) -> None:
    """Put letters on the queue of mail."""
    engine = place.parts.engine
    queue = engine.resolve(MAIL_QUEUE)
    for start in range(0, count, _BATCH):
        messages = [
            NewMessage(queue=queue, body=letter_body(letter(number)), message_id=new_message_id())
            for number in range(start, min(start + _BATCH, count))
        ]
        for result in await engine.send_many(messages):
            if isinstance(result, Exception):
                raise result


async def fill_with_mime(place: MailPlace, count: int) -> None:
    """Take mails in as a door does."""
    for number in range(count):
        await place.intake.accept_raw(mime(number), Envelope(door="smtp", received_at_ms=FIRST_S * 1000))


def folder_settings(directory: Path) -> dict[str, str]:
    """Everything in one folder."""
    return {"WIPSIE_DATA_DIR": str(directory), "MAIL_TOKEN": TOKEN}
