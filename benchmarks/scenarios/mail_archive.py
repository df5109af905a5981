"""Mails archived by one worker process, from a backlog: letters, and MIME with an attachment of 20 kB; to files and to S3 (moto).
Beside it what the store itself does: objects created by as many at a time as the worker has slots."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from benchmarks.loops import run
from benchmarks.mail import MailPlace, fill_with_letters, fill_with_mime, folder_settings, letter, open_mail
from benchmarks.scenario import Measurement, Outcome, Scenario, Settings, Size
from wipsie.slices.mail.domain.document import letter_mail, write_document
from wipsie.slices.mail.service.intake import MAIL_QUEUE
from wipsie.testing.servers import MotoServer
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.worker import Worker

SLOTS = WorkerSettings().concurrency
BUCKET = "mail-benchmark"
_TIME_LIMIT_S = 150.0

Fill = Callable[[MailPlace, int], Awaitable[None]]


async def _archive(values: dict[str, str], fill: Fill, count: int) -> float:
    """Mails per second, from the worker's start until the queue is empty."""
    async with open_mail(values) as place:
        parts = place.parts
        await fill(place, count)
        worker = Worker(
            parts.engine,
            parts.registry,
            run_log=parts.run_log,
            database=parts.database,
            metrics=parts.metrics,
            clock=parts.clock,
            settings=WorkerSettings(queues=(MAIL_QUEUE,)),
            cpu_pool=parts.cpu_pool,
        )
        queue = parts.engine.resolve(MAIL_QUEUE)
        started = time.perf_counter()
        await worker.start()
        try:
            async with asyncio.timeout(_TIME_LIMIT_S):
                while (await parts.engine.counts(queue)).total:
                    # How often the end is looked for: a hundredth of what is measured.
                    await asyncio.sleep(0.02)
        finally:
            seconds = time.perf_counter() - started
            await worker.drain()
        archived = sum([1 async for _ in parts.blobs.walk("emails")])
        if archived != count:
            raise AssertionError(f"{count} mails were acknowledged, and {archived} are in the archive.")
    return count / seconds


async def _create(values: dict[str, str], count: int) -> float:
    """Objects per second that the store creates, without queue and index."""
    async with open_mail(values) as place:
        documents = [write_document(letter_mail(letter(number))) for number in range(count)]
        numbers = iter(range(count))

        async def work() -> None:
            for number in numbers:
                await place.parts.blobs.create(f"created/{number % 100}/{number}.json", documents[number])

        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(SLOTS)))
        return count / (time.perf_counter() - started)


def measure(store: str, size: Size, directory: Path) -> Outcome:
    """Each kind of mail over a folder of its own."""
    letters = size.pick(full=6_000, quick=2_000, smoke=50)
    mimes = size.pick(full=1_000, quick=300, smoke=20)
    if store == "s3":
        letters, mimes = letters // 6, mimes // 4
    noted: Settings = {"letters": letters, "mime_mails": mimes, "slots": SLOTS, "processes": 1}

    def all_three(more: Callable[[str], dict[str, str]]) -> list[float]:
        def values(name: str) -> dict[str, str]:
            return {**folder_settings(directory / name), **more(name)}

        return [
            run(_create(values("created"), letters)),
            run(_archive(values("letters"), fill_with_letters, letters)),
            run(_archive(values("mime"), fill_with_mime, mimes)),
        ]

    if store == "files":
        figures = all_three(lambda name: {})
        noted |= {"durability": "every object and row is on the disk before its message is acknowledged"}
    else:
        (directory / "moto").mkdir(parents=True)
        server = MotoServer(directory / "moto")
        server.start()
        try:
            figures = all_three(lambda name: _bucket(server, f"{BUCKET}-{name}"))
        finally:
            server.stop()
        noted |= {"durability": "none: moto keeps everything in memory"}
    created, letter_rate, mime_rate = figures
    return Outcome(
        measurements=[
            Measurement(name="letters archived", value=letter_rate, unit="mails/s"),
            Measurement(name="MIME archived, 20 kB attachment", value=mime_rate, unit="mails/s"),
            Measurement(name="objects created, store alone", value=created, unit="objects/s"),
        ],
        settings=noted,
    )


def _bucket(server: MotoServer, name: str) -> dict[str, str]:
    from typing import Any

    import boto3

    keys = {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark", "AWS_REGION": "us-east-1"}
    # Credentials come the way the AWS libraries look for them; moto takes any.
    os.environ.update(keys)
    library: Any = boto3
    client = library.client("s3", endpoint_url=server.endpoint_url, region_name="us-east-1")
    client.create_bucket(Bucket=name)
    client.close()
    return {"S3_BUCKET_NAME": name, "AWS_ENDPOINT_URL": server.endpoint_url}


def scenario(store: str) -> Scenario:
    """The scenario with one store."""
    where = {"files": "files", "s3": "S3 (moto)"}[store]
    return Scenario(
        name=f"mail_archive_{store}",
        title=f"Mails archived by one worker process, {where}",
        run=partial(measure, store),
        time_limit_s=400,
    )
