"""The archive with rules, and short words for what tests do with it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, NoReturn

import aiohttp
import msgspec
from sqlalchemy import select

from wipsie.api.application import ApiSettings, build_api
from wipsie.api.lists import ListReader
from wipsie.audit import AuditKeys, AuditLog
from wipsie.auth.principal import Principal
from wipsie.auth.rights import ROLES, RightsTable
from wipsie.database.outbox import outbox_table
from wipsie.kernel import json
from wipsie.kernel.errors import Unauthorized
from wipsie.queue.contract import QueueSettings
from wipsie.queue.notification import NOTIFICATIONS_QUEUE
from wipsie.queue.operations_signal import OPERATIONS_QUEUE
from wipsie.slices.mail.domain.archive_key import name_of
from wipsie.slices.mail.domain.document import letter_mail, write_document
from wipsie.slices.mail.domain.letter import Letter
from wipsie.slices.mail.gateways.buckets import MailBuckets
from wipsie.slices.mail.handlers.archive import ArchiveHandler
from wipsie.slices.mail.metrics import MailMetrics
from wipsie.slices.mail.rights import RIGHTS
from wipsie.slices.mail.routes.rules import build_rules_router
from wipsie.slices.mail.service.archive import MailArchive
from wipsie.slices.mail.service.index_writer import IndexWriter
from wipsie.slices.mail.service.intake import MAIL_QUEUE
from wipsie.slices.mail.service.rules.engine import RuleEngine
from wipsie.slices.mail.service.work_folder import WorkFolder
from wipsie.slices.mail.store import rules as store
from wipsie.slices.mail.store.entries import Arrival, Entry, entry_of
from wipsie.slices.mail.store.rules import Hit
from wipsie.slices.mail.store.tables import mails_table, tags_table
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.served import served
from wipsie.workers.handler import HandlerRegistry, HandlerSpec
from wipsie.workers.outbox_relay import OutboxRelay

PATH = "/api/mail/rules"
OUTSIDE = "ledger"
"""A queue that other programs read."""
SENT_AT_S = 1_693_561_101


class Invoice(msgspec.Struct):
    """Data that no mail has."""

    amount: int


async def _unreachable(message: Any, context: Any) -> NoReturn:
    raise AssertionError("No worker of these tests serves this queue.")


def text(field: str, operator: str, value: str, *, negate: bool = False) -> dict[str, Any]:
    """A condition on a text."""
    return {"kind": "text", "field": field, "operator": operator, "value": value, "negate": negate}


def new_rule(*conditions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The body of a rule that tags; invoices when nothing else is said."""
    return {
        "name": "Invoices",
        "conditions": list(conditions) or [text("subject", "contains", "invoice")],
        "actions": [{"kind": "tag", "tag": "invoices"}],
        **fields,
    }


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    body: Any
    headers: Mapping[str, str]

    def ok(self, status: int = 200) -> Any:
        """The body of an answer that must have this status."""
        assert self.status == status, (self.status, self.body)
        return self.body

    def refused(self, status: int, code: str) -> dict[str, Any]:
        """The details of this refusal."""
        assert (self.status, self.body["error"]["code"]) == (status, code), (self.status, self.body)
        return self.body["error"]["details"]


class _Badges:
    """Tokens are the names of roles."""

    async def authenticate(self, token: str) -> Principal:
        if token not in ROLES:
            raise Unauthorized("Who are you?")
        return Principal(
            kind="user", id=f"usr_{token}", user_id=f"usr_{token}", role=token, extents=RightsTable(RIGHTS).of(token)
        )


class Hall:
    """One archive."""

    def __init__(self, desk: Any, stack: AsyncExitStack) -> None:
        self.desk = desk
        self.clock = desk.clock
        self.database = desk.database
        self.engine = desk.engine
        self.rules = RuleEngine(self.clock)
        self.writer = IndexWriter(self.database, on_new=self.rules.on_new)
        self.registry = HandlerRegistry()
        self._stack = stack
        self._arrived = 0

    async def open(self) -> None:
        """Queues, handlers, the API."""
        names = self.engine.names
        await self.engine.declare(
            [
                QueueSettings(name=names.stored("default")),
                QueueSettings(name=names.stored(NOTIFICATIONS_QUEUE)),
                QueueSettings(name=names.stored(OPERATIONS_QUEUE)),
                QueueSettings(name=names.stored(OUTSIDE)),
                QueueSettings(name=names.stored("letters.fifo"), fifo=True),
            ]
        )
        for task_type, data_type in (("echo", Any), ("invoice", Invoice)):
            self.registry.add(
                HandlerSpec(task_type=task_type, queue="default", function=_unreachable, data_type=data_type)
            )
        metrics = MailMetrics(Metrics())
        archive = MailArchive(
            self.desk.blobs,
            self.writer,
            work=WorkFolder(self.desk.folder / "work"),
            buckets=MailBuckets(frozenset(), lambda _: self.desk.blobs),
            clock=self.clock,
            metrics=metrics,
        )
        handler = ArchiveHandler(archive, engine=self.engine, blobs=self.desk.blobs, clock=self.clock, metrics=metrics)
        # The desk's worker archives with rules from here on.
        self.desk.registry = HandlerRegistry()
        self.desk.registry.add(
            HandlerSpec(task_type="mail", queue=MAIL_QUEUE, function=handler.archive_mail, reads_body=True)
        )
        self._stack.push_async_callback(self.writer.stop)
        self.database.record_with(AuditLog(lambda: AuditKeys([b"k" * 32]), self.clock))
        router = build_rules_router(
            self.rules,
            engine=self.engine,
            registry=self.registry,
            database=self.database,
            lists=ListReader(self.database, cursor_key=lambda: b"k" * 32),
            clock=self.clock,
        )
        self.api = build_api(
            title="Hall",
            version="0",
            routers=[router],
            clock=self.clock,
            metrics=Metrics(),
            settings=ApiSettings(loopback_only=False),
            authenticator=_Badges(),
            rights=RightsTable(RIGHTS),
        )
        url = await self._stack.enter_async_context(served(self.api))
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=20))
        )

    async def ask(
        self, method: str, path: str, body: Any = None, *, role: str = "lead", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Any request, as somebody of this role."""
        return await self.ask_raw(method, path, None if body is None else json.encode(body), role=role, headers=headers)

    async def ask_raw(
        self,
        method: str,
        path: str,
        body: bytes | None,
        *,
        role: str = "lead",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Any request, with any bytes as its body."""
        sent = {"Authorization": f"Bearer {role}", "Content-Type": "application/json", **(headers or {})}
        async with self._session.request(method, path, data=body, headers=sent) as answer:
            raw = await answer.read()
            return Answer(answer.status, json.decode(raw) if raw else None, answer.headers.copy())

    async def write(self, *conditions: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """A new rule, as a lead writes it."""
        return (await self.ask("POST", PATH, new_rule(*conditions, **fields))).ok(201)

    async def change(self, rule_id: str, **changes: Any) -> dict[str, Any]:
        """Change a rule in whatever version it is."""
        return (await self.ask("PATCH", f"{PATH}/{rule_id}", changes, headers={"If-Match": "*"})).ok()

    async def come(self, entry: Entry) -> str:
        """A mail comes; its id."""
        self._arrived += 1
        arrival = Arrival(message_id=f"m-{self._arrived}", door="queue", received_at_ms=self.clock.now_ms())
        await self.writer.add(entry, arrival, stored_since_ms=self.clock.now_ms())
        return entry.name.id

    async def tags(self, mail_id: str) -> dict[str, str]:
        """Tag to who tagged."""
        async with self.database.read() as connection:
            rows = await connection.execute(
                select(tags_table.c.tag, tags_table.c.tagged_by)
                .join(mails_table, mails_table.c.number == tags_table.c.mail)
                .where(mails_table.c.id == mail_id)
            )
            return {row[0]: row[1] for row in rows}

    async def hits(self, mail_id: str) -> list[Hit]:
        async with self.database.read() as connection:
            return await store.hits_of(connection, mail_id)

    async def published(self) -> list[dict[str, Any]]:
        """What waits in the outbox, with the short name of its queue; the oldest first."""
        async with self.database.read() as connection:
            rows = await connection.execute(
                select(outbox_table.c.queue, outbox_table.c.body).order_by(outbox_table.c.id)
            )
            return [{**json.decode(row.body), "queue": row.queue} for row in rows]

    async def relay(self) -> None:
        """Let what was published reach its queues."""
        await OutboxRelay(self.database, self.engine, clock=self.clock).run_once()
        assert await self.published() == []

    async def waiting(self, queue: str) -> list[dict[str, Any]]:
        """The messages of a queue."""
        return [json.decode(one.body) for one in await self.engine.peek(self.engine.resolve(queue), limit=100)]


def letter(
    subject: str = "Your invoice",
    *,
    sender: str = "ann@example.org",
    content: str = "Please pay.",
    timestamp_s: int = SENT_AT_S,
) -> Entry:
    """A mail of four fields, as the index gets it."""
    made = Letter(subject=subject, sender=sender, timestamp_s=timestamp_s, content=content)
    name = name_of(sender=sender, timestamp_s=timestamp_s, identity=made.document())
    mail = letter_mail(made)
    return entry_of(name, mail, write_document(mail))
