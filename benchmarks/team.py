"""A team with a past, for load: accounts with sessions, and years of records made by the use cases themselves."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from wipsie.app.demo_team.silence import Silence
from wipsie.app.keyring import build_keyring
from wipsie.app.parts import Parts, build_parts
from wipsie.app.settings import Settings
from wipsie.auth import accounts, sessions
from wipsie.auth.principal import Principal
from wipsie.auth.service.office import fresh_user
from wipsie.auth.sessions import Session
from wipsie.auth.tokens import LIFETIME_S, Tokens
from wipsie.database.migrator import migrate
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import new_object_id
from wipsie.slices.asyncops.desk import Desk
from wipsie.slices.asyncops.notices import Notices
from wipsie.slices.asyncops.registry import build_subjects
from wipsie.slices.asyncops.schemas.blockers import NewBlocker, WaitingOn
from wipsie.slices.asyncops.schemas.comments import NewComment
from wipsie.slices.asyncops.schemas.incidents import IncidentTransition, NewIncident
from wipsie.slices.asyncops.schemas.status import NewStatusUpdate
from wipsie.slices.asyncops.service.blockers.rules import BlockerRules
from wipsie.slices.asyncops.service.blockers.use_cases import BlockerService
from wipsie.slices.asyncops.service.comments import CommentService
from wipsie.slices.asyncops.service.incidents.moving import IncidentMoves
from wipsie.slices.asyncops.service.incidents.use_cases import IncidentService
from wipsie.slices.asyncops.service.status import StatusService

_ROLES = ("admin", "lead", "lead", "member", "member", "member", "member", "member", "member", "auditor")
_UNIT_RECORDS = 200
"""Records in one commit while the past is written."""
_WORDS = [
    "queue",
    "worker",
    "lease",
    "retry",
    "mail",
    "archive",
    "report",
    "upload",
    "invoice",
    "customer",
    "deploy",
    "rollback",
    "index",
    "schedule",
    "dashboard",
    "latency",
    "alert",
    "certificate",
    "bucket",
    "token",
    "webhook",
    "parser",
    "backlog",
    "limit",
    "timeout",
    "memory",
    "disk",
    "replica",
    "migration",
]
DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Team:
    """Who they are, and what there is."""

    tokens: list[str]
    """One session each."""
    updates: list[list[str]]
    """Ids of each one's own status updates."""
    incidents: list[str]
    blockers: list[str]
    records: int


def make_team(settings: dict[str, str], *, people: int, incidents: int) -> Team:
    """Fill an empty place: `settings` as the environment of the Wipsie that will serve it."""
    from benchmarks.loops import run_plainly

    return run_plainly(_make(Settings.read(settings), people, incidents))


async def _make(settings: Settings, people: int, incidents: int) -> Team:
    await migrate(settings.database.url)
    async with _opened(settings) as parts:
        return await _Past(parts, random.Random(7)).write(people, incidents)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[Parts]:
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
    parts = build_parts(settings, SystemClock())
    parts.database.publish_with(Silence())
    await parts.database.start()
    try:
        yield parts
    finally:
        await parts.database.stop()


class _Past:
    """Writes it."""

    def __init__(self, parts: Parts, chance: random.Random) -> None:
        self._parts = parts
        self._chance = chance
        self._clock = parts.clock
        self._tokens = Tokens(build_keyring(parts.settings), parts.clock)
        subjects = build_subjects()
        self._subjects = subjects
        notices = Notices(parts.clock, subjects, public_url="http://127.0.0.1")
        desk = Desk(parts.clock, notices)
        self._status = StatusService(desk, parts.clock)
        self._incidents = IncidentService(desk, notices, parts.clock)
        self._moves = IncidentMoves(desk, parts.clock)
        self._blockers = BlockerService(desk, parts.clock, BlockerRules(), subjects)
        self._comments = CommentService(desk, subjects, notices, parts.clock)
        self._people: list[Principal] = []

    async def write(self, people: int, incidents: int) -> Team:
        tokens = await self._hire(people)
        updates = await self._write_status()
        made = await self._write_incidents(incidents)
        blockers = await self._write_blockers(incidents // 2)
        return Team(
            tokens=tokens,
            updates=updates,
            incidents=made,
            blockers=blockers,
            records=sum(map(len, updates)) + len(made) + len(blockers),
        )

    async def _hire(self, people: int) -> list[str]:
        now_ms = self._clock.now_ms()
        tokens: list[str] = []
        async with self._parts.database.unit_of_work() as unit:
            for number in range(people):
                role = _ROLES[number % len(_ROLES)]
                user = fresh_user(
                    user_id=new_object_id(accounts.ID_PREFIX, now_ms),
                    email=f"person{number}@example.org",
                    name=f"Person {number}",
                    role=role,
                    now_ms=now_ms,
                    created_by=None,
                    password=None,
                )
                await accounts.add(unit.connection, user)
                session = Session(
                    id=new_object_id(sessions.ID_PREFIX, now_ms),
                    user_id=user.id,
                    issued_at_ms=now_ms,
                    expires_at_ms=now_ms + LIFETIME_S * 1000,
                    last_seen_at_ms=now_ms,
                    address="127.0.0.1",
                    user_agent="benchmark",
                )
                await unit.connection.execute(
                    insert(sessions.sessions_table).values(
                        {name: getattr(session, name) for name in session.__struct_fields__}
                    )
                )
                tokens.append(
                    self._tokens.make(
                        user_id=user.id, session_id=session.id, role=role, expires_at_ms=session.expires_at_ms
                    )
                )
                extents = self._parts.rights.of(role)
                self._people.append(Principal(kind="user", id=user.id, user_id=user.id, role=role, extents=extents))
        return tokens

    async def _write_status(self) -> list[list[str]]:
        today = datetime.fromtimestamp(self._clock.now(), tz=UTC).date()
        found: list[list[str]] = []
        for person in self._people:
            async with self._parts.database.unit_of_work() as unit:
                ids: list[str] = []
                if person.role != "auditor":
                    for days in range(1, DAYS):
                        wanted = NewStatusUpdate(
                            health=self._chance.choice(("on_track", "on_track", "at_risk", "off_track")),
                            done=[self._line(), self._line()],
                            next=[self._line()],
                            notes=self._text(30),
                            for_date=today - timedelta(days=days),
                        )
                        ids.append((await self._status.write(unit, person, wanted)).id)
                found.append(ids)
        return found

    async def _write_incidents(self, count: int) -> list[str]:
        ids: list[str] = []
        workers = [person for person in self._people if person.role != "auditor"]
        incidents = self._subjects["incident"]
        while len(ids) < count:
            async with self._parts.database.unit_of_work() as unit:
                for _ in range(min(_UNIT_RECORDS, count - len(ids))):
                    person = self._chance.choice(workers)
                    wanted = NewIncident(
                        title=self._line(),
                        severity=self._chance.choice(("sev2", "sev3", "sev3", "sev4")),
                        summary=self._text(60),
                        affected=[self._chance.choice(_WORDS)],
                    )
                    incident = await self._incidents.declare(unit, person, wanted)
                    ids.append(incident.id)
                    for _ in range(self._chance.randrange(3)):
                        await self._comments.write(
                            unit, self._chance.choice(workers), incidents, incident.id, NewComment(body=self._text(20))
                        )
                    if self._chance.random() < 0.9:
                        await self._moves.move(unit, person, incident.id, IncidentTransition(to="resolved"), 1)
        return ids

    async def _write_blockers(self, count: int) -> list[str]:
        ids: list[str] = []
        workers = [person for person in self._people if person.role != "auditor"]
        while len(ids) < count:
            async with self._parts.database.unit_of_work() as unit:
                for _ in range(min(_UNIT_RECORDS, count - len(ids))):
                    wanted = NewBlocker(
                        title=self._line(),
                        details=self._text(20),
                        waiting_on=WaitingOn(kind="external", name="The landlord"),
                    )
                    ids.append((await self._blockers.open(unit, self._chance.choice(workers), wanted)).id)
        return ids

    def _line(self) -> str:
        return self._text(6).capitalize()

    def _text(self, words: int) -> str:
        return " ".join(self._chance.choices(_WORDS, k=words))
