"""Twenty mails with an attachment of 25 MB each, at once, by SMTP; and their way into the archive. What `wipsie up` and its helpers
need of memory meanwhile."""

from __future__ import annotations

import base64
import contextlib
import random
import smtplib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil

from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.servers.process import serve_wipsie
from wipsie.testing.ports import free_port

MAILS = 20
_LIMIT_S = 180.0
_LOOK_EVERY_S = 0.02


def measure(size: Size, directory: Path) -> Outcome:
    """The attachments differ, so that nothing is kept once for several."""
    attachment_bytes = size.pick(full=25_000_000, quick=25_000_000, smoke=200_000)
    port = free_port()
    settings = {"MAIL_SMTP_PORT": str(port)}
    with serve_wipsie(directory=directory / "server", data=directory / "wipsie", settings=settings) as server:
        watch = _Watch(server.pid)
        idle = watch.now()
        messages = [_message(number, attachment_bytes) for number in range(MAILS)]
        archive = directory / "wipsie" / "blobs" / "emails"
        with watch:
            started = time.perf_counter()
            with ThreadPoolExecutor(MAILS) as senders:
                list(senders.map(partial(_send, port), messages))
            sent_s = time.perf_counter() - started
            while len(list(archive.glob("*/*/*/*.json"))) < MAILS:
                if time.perf_counter() - started > _LIMIT_S:
                    raise AssertionError(f"Not all of {MAILS} mails were archived within {_LIMIT_S:g} s.")
                # Another process archives; looking without a pause would take the core it needs.
                time.sleep(_LOOK_EVERY_S)
            archived_s = time.perf_counter() - started
    megabyte = 1024 * 1024
    return Outcome(
        measurements=[
            Measurement(name="all taken", value=sent_s, unit="s", lower_is_better=True),
            Measurement(name="all archived", value=archived_s, unit="s", lower_is_better=True),
            Measurement(name="idle before", value=idle[0] / megabyte, unit="MB", lower_is_better=True),
            Measurement(name="most, main process", value=watch.most[0] / megabyte, unit="MB", lower_is_better=True),
            Measurement(name="most, with its helpers", value=watch.most[1] / megabyte, unit="MB", lower_is_better=True),
        ],
        settings={"mails_at_once": MAILS, "attachment_bytes": attachment_bytes, "memory": "resident set size"},
    )


class _Watch:
    """Looks at the memory of a process and its children, again and again."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.most = (0, 0)

    def now(self) -> tuple[int, int]:
        own = self._process.memory_info().rss
        total = own
        for child in self._process.children(recursive=True):
            # It may have ended since it was listed.
            with contextlib.suppress(psutil.NoSuchProcess):
                total += child.memory_info().rss
        return own, total

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            own, total = self.now()
            self.most = (max(self.most[0], own), max(self.most[1], total))


def _message(number: int, attachment_bytes: int) -> bytes:
    file = base64.encodebytes(random.Random(number).randbytes(attachment_bytes)).replace(b"\n", b"\r\n")
    head = (
        f"From: ann@example.org\r\nTo: team@example.org\r\nSubject: Large {number}\r\n"
        f"Date: Fri, 01 Sep 2023 11:{number:02d}:21 +0200\r\nMessage-ID: <{number}@load.example.org>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nSee the file.\r\n--b\r\n'
        "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=large.bin\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + file + b"--b--\r\n"


def _send(port: int, content: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=_LIMIT_S) as client:
        client.sendmail("ann@example.org", ["team@example.org"], content)


SCENARIO = Scenario(name="mail_memory", title="20 mails of 25 MB at once", run=measure, time_limit_s=300, repeats_max=1)
