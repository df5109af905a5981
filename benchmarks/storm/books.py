"""The books after a storm: what was sent against what is kept, and what was said against what people heard."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks.storm.people import Person
from wipsie.testing.simulators.whatsapp import WhatsAppSimulator

_VERIFY_S_MAX = 300.0
_SAVED = "Saved as report "
_KEPT = """
    SELECT vault_reports.owner, count(*), count(DISTINCT vault_files.content_token)
    FROM vault_reports
    JOIN vault_report_files ON vault_report_files.report = vault_reports.id
    JOIN vault_files ON vault_files.id = vault_report_files.file
    GROUP BY vault_reports.owner
"""
_UNSETTLED = """
    SELECT (SELECT count(*) FROM vault_inbox WHERE handled_at_ms IS NULL)
         + (SELECT count(*) FROM vault_deliveries WHERE settled_at_ms IS NULL)
         + (SELECT count(*) FROM outbox)
"""


class Books(NamedTuple):
    """What was found."""

    kept: int
    """Reports in the vault."""
    lost: int
    """Reports that were sent and are not in it."""
    twice: int
    """Reports that are in it though their owner has the same one there already."""
    given_up: int
    """Messages that were not handled, whatever was tried."""
    said_twice: int
    """Replies that were sent again though it could be known that they had arrived, or that stand in the vault as two."""
    doubtful: int
    """Replies whose sender died before it heard whether they arrived."""
    doubtful_twice: int
    """Of those, the ones that arrived twice."""
    look_ups: int
    """How often the file was looked up that was so most often."""


class Verified(NamedTuple):
    """What `wipsie vault verify` says, which reads every object."""

    reports: int
    objects: int
    damages: int
    left_over: int
    """Bytes that no row needs, of workers that died before their commit: the upkeep removes them a day later."""


def unsettled(path: Path) -> int:
    """Messages that are not handled, replies of which nobody knows yet what became of them, and jobs not yet published."""
    with _opened(path) as database:
        return database.execute(_UNSETTLED).fetchone()[0]


def check_books(path: Path, whatsapp: WhatsAppSimulator, people: Sequence[Person]) -> Books:
    """Compare the database at `path` with what people sent and heard. Nothing may run any more."""
    with _opened(path) as database:
        kept = database.execute(_KEPT).fetchall()
        given_up = database.execute("SELECT count(*) FROM vault_inbox WHERE error IS NOT NULL").fetchone()[0]
        doubtful = {row[0] for row in database.execute("SELECT id FROM vault_deliveries WHERE unknowns > 0")}
    reports, different = sum(row[1] for row in kept), sum(row[2] for row in kept)
    said = _Said(whatsapp)
    again = {reply for reply, times in said.times.items() if times > 1}
    look_ups = Counter(call.path for call in whatsapp.log.calls if call.route == "lookup")
    return Books(
        kept=reports,
        lost=sum(person.sent for person in people) - different,
        twice=reports - different,
        given_up=given_up,
        said_twice=len(again - doubtful) + sum(said.too_many_replies(person) for person in people),
        doubtful=len(doubtful),
        doubtful_twice=len(again & doubtful),
        look_ups=max(look_ups.values(), default=0),
    )


class _Said:
    """What WhatsApp took of the application."""

    def __init__(self, whatsapp: WhatsAppSimulator) -> None:
        self.times: Counter[str] = Counter()
        """By reply: how often."""
        self._reply_of: dict[str, str] = {}
        for call in whatsapp.log.sends:
            if call.status_code == 200 and "biz_opaque_callback_data" in call.request:
                reply: str = call.request["biz_opaque_callback_data"]
                self.times[reply] += 1
                self._reply_of[call.answer["messages"][0]["id"]] = reply

    def too_many_replies(self, person: Person) -> int:
        """How many more replies than one told somebody of the same report that it is saved."""
        replies: dict[str, set[str]] = defaultdict(set)
        for bubble in person.phone.received:
            if bubble.text.startswith(_SAVED):
                replies[bubble.text.splitlines()[0]].add(self._reply_of[bubble.id])
        return sum(len(told) - 1 for told in replies.values())


async def verify(environment: Mapping[str, str]) -> Verified:
    """Have every object read. RuntimeError when that does not come to an end."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("wipsie")),
        *("vault", "verify", "--json"),
        env={"PATH": os.defpath, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_VERIFY_S_MAX):
            printed, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise RuntimeError(f"The vault was not verified within {_VERIFY_S_MAX:g} s.") from None
    try:
        told: dict[str, Any] = msgspec.json.decode(printed)
    except msgspec.DecodeError:
        raise RuntimeError(f"The vault was not verified:\n{errors.decode(errors='replace')}") from None
    found: dict[str, int] = told["found"]
    left_over = found.pop("left_over")
    return Verified(reports=told["reports"], objects=told["objects"], damages=sum(found.values()), left_over=left_over)


def _opened(path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None))
