"""After people used the vault in every way there is, nothing of theirs is found where it is not sealed: not in the log at its most
talkative, not in queues, tables, files, the audit log, objects or metrics (V12 of the acceptance list)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pypdfium2
import pytest
from canaries import Canaries, Found
from sqlalchemy import insert, select

from wipsie.app.parts import Parts, build_parts
from wipsie.app.settings import Settings
from wipsie.auth.accounts import users_table
from wipsie.kernel.ids import new_uuid
from wipsie.slices.vault.store.tables import identities_table
from wipsie.testing.eventually import eventually
from wipsie.testing.office import Badge
from wipsie.testing.process import WipsieProcess
from wipsie.testing.sample_reports.making import locked_report, make_reports
from wipsie.testing.servers import PostgresServer, RedisServer
from wipsie.testing.servers.fixtures import running
from wipsie.testing.simulators.whatsapp import Phone, WhatsAppSimulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SECRETS = {
    "app secret": "canary-app-secret-k2m9v7",
    "verify token": "canary-verify-token-p4r8t1",
    "access token": "canary-access-token-w6x3z5",
    "key": "c0ffee11a5b6c7d8e9f00112233445566778899aabbccddeeff0123456789abc",
}
PIN, WRONG_PIN, PASSWORD, WRONG_PASSWORD = "904716", "385172", "Oriole-Lantern-77", "Heron-Candle-31"
FILE_NAME, CAPTION = "Quillfeather scan of May.pdf", "for the xylophone doctor"
HOSPITAL, PERSON, NOTE = "Marmalade Hill Clinic", "Wilhelmina Zöllner", "ask about tangerine pills"
SYMPTOM, SEARCHED, PLACE = "my zanzibar knee hurts again", "kookaburra", "Periwinkle Lane 9"
REASON = "Mr Butterscotch asked for it at the desk"
SENT_ANOTHER_NUMBER, NEW_NUMBER = "15550188321", "15550177444"


class Run:
    """Everybody who takes part, and everything that is secret of them."""

    def __init__(
        self, process: WipsieProcess, simulator: WhatsAppSimulator, folder: Path, servers: dict[str, str]
    ) -> None:
        self.process = process
        self.servers = servers
        self.simulator = simulator
        self.folder = folder
        self.canaries = Canaries()
        for kind, value in SECRETS.items():
            self.canaries.add(kind, value)
        self.canaries.add("key", base64.b64encode(bytes.fromhex(SECRETS["key"])).decode())
        self.canaries.add("PIN", PIN, WRONG_PIN)
        self.canaries.add("password", PASSWORD, WRONG_PASSWORD)
        self.canaries.add("file name", FILE_NAME, "Quillfeather")
        self.canaries.add("caption", CAPTION, "xylophone")
        self.canaries.add("hospital", HOSPITAL)
        self.canaries.add("person", PERSON, "Wilhelmina")
        self.canaries.add("note", NOTE, "tangerine")
        self.canaries.add("what somebody wrote", SYMPTOM, "zanzibar", PLACE)
        self.canaries.add("search words", SEARCHED)
        self.canaries.add("reason", REASON, "Butterscotch")
        self.canaries.add("number", SENT_ANOTHER_NUMBER, NEW_NUMBER)

    def meet(self, name: str, **details: Any) -> Phone:
        """Somebody new."""
        phone = self.simulator.phones.add(name, **details)
        self.canaries.add("name", name)
        self.canaries.add("number", phone.number)
        self.canaries.add("user id", phone.user_id, phone.user_id.partition(".")[2])
        return phone

    async def agree(self, phone: Phone) -> None:
        await phone.send_text("Hello")
        await phone.expect("agree", timeout_s=15)
        await phone.tap("I agree")
        await phone.expect("Send", timeout_s=15)

    async def ask(self, phone: Phone, words: str, answer: str = "", *, kind: str | None = None) -> str:
        """What is answered."""
        await phone.send_text(words)
        return (await phone.expect(answer, kind=kind, timeout_s=15)).text

    def note_wire(self) -> None:
        """The ids of all messages, and the links that went over the wire."""
        texts = [json.dumps(call.request) + json.dumps(call.answer) for call in self.simulator.log.calls]
        texts += [(attempt.body or b"").decode() for attempt in self.simulator.log.attempts]
        for text in texts:
            # The number of somebody is in them, in base64.
            self.canaries.add("message id", *re.findall(r"wamid\.[A-Za-z0-9+/=_-]+", text), only_plain=True)
            self.canaries.add("link", *re.findall(r"/vault/links/([A-Za-z0-9._~-]{20,})", text))

    def parts(self) -> Parts:
        """The same stores and secrets as the process has."""
        values = {"WIPSIE_DATA_DIR": str(self.folder), "VAULT_KEYS": SECRETS["key"], **self.servers}
        return build_parts(Settings.read(values))

    async def hears_of_change(self) -> None:
        """Wait for the news that somebody has another number: what they write under it may be faster, and is a stranger's then."""
        parts = self.parts()
        await parts.database.start()

        async def heard() -> bool:
            async with parts.database.read() as connection:
                found = await connection.execute(select(identities_table.c.needs_step_up))
                return any(found.scalars())

        try:
            await eventually(heard, 20, "nobody is asked for the PIN", interval_s=0.05)
        finally:
            await parts.database.stop()

    async def rows(self) -> dict[str, bytes]:
        """Everything in the database of a server, table by table. Bytes are there in hexadecimal digits."""
        if not self.servers:
            return {}
        parts = self.parts()
        await parts.database.start()
        try:
            async with parts.database.read() as connection:
                found = await connection.exec_driver_sql(
                    "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
                    "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
                )
                tables = list(found.scalars())
                contents: dict[str, bytes] = {}
                for table in tables:
                    rows = await connection.exec_driver_sql(f"SELECT one::text FROM {table} AS one")  # noqa: S608  as the database names it
                    contents[table] = "\n".join(rows.scalars()).encode()
                return contents
        finally:
            await parts.database.stop()


@pytest.fixture
def servers(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings that name none, or a PostgreSQL and a Redis for everything that several machines share."""
    if database_kind == "sqlite":
        yield {}
        return
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    required: bool = request.getfixturevalue("servers_required")
    name = f"canaries_{new_uuid()}"
    # A Redis of its own: the log of its writes tells everything that ever was in it.
    with running(lambda: RedisServer(tmp_path / "wipsie" / "redis", appendfsync="no"), required) as redis:
        yield {"DATABASE_URL": postgres.create_database(name), "QUEUE_URL": redis.url(), "REDIS_URL": redis.url()}
        postgres.drop_database(name)


@pytest.fixture
async def run(tmp_path: Path, servers: dict[str, str]) -> AsyncIterator[Run]:
    folder = tmp_path / "wipsie"
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    async with WhatsAppSimulator(
        app_secret=SECRETS["app secret"],
        verify_token=SECRETS["verify token"],
        access_token=SECRETS["access token"],
    ) as simulator:
        process = WipsieProcess(
            ["up"],
            data_dir=folder,
            environment={
                "WIPSIE_SLICES": "vault",
                "WHATSAPP_GRAPH_URL": simulator.graph_url,
                "WHATSAPP_PHONE_NUMBER_ID": simulator.account.phone_number_id,
                "WHATSAPP_APP_SECRET": SECRETS["app secret"],
                "WHATSAPP_VERIFY_TOKEN": SECRETS["verify token"],
                "WHATSAPP_ACCESS_TOKEN": SECRETS["access token"],
                "VAULT_KEYS": SECRETS["key"],
                "LOG_LEVEL": "DEBUG",
                "LOG_REQUESTS": "true",
                "TMPDIR": str(folder / "tmp"),
                **servers,
            },
        )
        process.start()
        try:
            await process.wait_until_healthy()
            await simulator.subscribe(f"{process.base_url}/webhook/whatsapp")
            yield Run(process, simulator, folder, servers)
        finally:
            await process.stop()


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
async def test_nothing_of_anybody_is_found_where_it_is_not_sealed(run: Run) -> None:
    watcher = TemporaryFiles(run.folder)
    async with watcher:
        await keep_a_report(run)
        await keep_a_locked_report(run)
        await go_astray(run)
        await bring_what_cannot_be_read(run)
        owner = await look_at_it_as_staff(run)
    run.note_wire()
    async with aiohttp.ClientSession(run.process.base_url) as session, session.get("/metrics") as answer:
        metrics = await answer.read()
    assert b"vault_messages_received_total" in metrics
    assert len(run.canaries) > 100
    found = run.canaries.in_bytes(metrics, "metrics") + watcher.found(run.canaries)
    # While it runs, with the write-ahead logs as they are; and when all is put in order.
    found += run.canaries.in_folder(run.folder)
    await run.process.stop()
    found += run.canaries.in_folder(run.folder)
    rows = await run.rows()
    found += [one for table, content in rows.items() for one in run.canaries.in_bytes(content, table)]
    assert sorted(set(found)) == []
    # It was not quiet for want of talking, and it was looked at where people would be found.
    log = run.process.log()
    assert log.count("/webhook/whatsapp") > 20
    assert "sqlalchemy.engine" in log
    assert "/vault/links/…" in log
    public = Canaries()
    public.add("our name for somebody", owner)
    places = {one.where for one in public.in_folder(run.folder) if not one.where.startswith("the name")}
    places |= {table for table, content in rows.items() if public.in_bytes(content, table)}
    log_file = f"process-{run.process.port}.log"
    kept = {"public.vault_identities", "public.audit_events"} if rows else {"wipsie.db", "queue.db"}
    assert {log_file} | kept <= places
    assert not rows or any(place.startswith("redis/") for place in places)
    assert [path for path in (run.folder / "tmp").rglob("*") if path.is_file()] == []


async def keep_a_report(run: Run) -> None:
    """By everything one can say about it."""
    asha = run.meet("Ashalata Canarywala", number="15550134567")
    await run.agree(asha)
    report = next(one for one in make_reports(seed=5, count=12, form="text_pdf") if one.truth.language == "en")
    run.canaries.add("hospital", report.truth.hospital)
    run.canaries.add("text of the report", *lines_of(report.content))
    await asha.send_document(report.content, filename=FILE_NAME, caption=CAPTION)
    await asha.expect(kind="button", timeout_s=30)
    await run.ask(asha, f"hospital {HOSPITAL}", HOSPITAL)
    await run.ask(asha, f"for {PERSON}", PERSON)
    await run.ask(asha, f"note {NOTE}", NOTE)
    await asha.tap("Save")
    await asha.expect("Saved as report 1", timeout_s=15)
    await run.ask(asha, "LIST", kind="list")
    link = link_in(await run.ask(asha, "GET 1", "http"))
    async with aiohttp.ClientSession() as session:
        async with session.get(link) as page:
            assert page.status == 200
        async with session.post(link) as file:
            assert await file.read() == report.content
        async with session.post(link) as again:
            assert again.status == 404
    await run.ask(asha, f"SEARCH {SEARCHED}", "nothing found")
    await run.ask(asha, f"SEARCH {HOSPITAL}", "found 1")
    shared = link_in(await run.ask(asha, "SHARE 1", "http"))
    async with aiohttp.ClientSession() as session, session.post(shared) as file:
        assert file.status == 200
    await asha.expect("was opened", timeout_s=15)
    await run.ask(asha, "UNSHARE 1", "do not work")
    await run.ask(asha, "EDIT 1", kind="button")
    await run.ask(asha, f"note no {NOTE}", NOTE)
    await asha.tap("Save")
    await asha.expect("changed", timeout_s=15)
    await run.ask(asha, "GET 1 FILE")
    await run.ask(asha, "PIN")
    await run.ask(asha, PIN, "PIN is set")
    await run.ask(asha, "HISTORY")
    await run.ask(asha, "HISTORY 1")
    await run.ask(asha, "EXPORT")
    archive = link_in((await asha.expect("reports are ready: 1", timeout_s=30)).text)
    async with aiohttp.ClientSession() as session, session.post(archive) as file:
        assert file.status == 200
        assert len(await file.read()) > len(report.content) // 2
    for words in ("HELP", "PRIVACY", "LANG", "LANG de", "LANG en", "CANCEL", SYMPTOM):
        await run.ask(asha, words)
    await run.ask(asha, "DELETE 1", kind="button")
    await asha.tap("Delete")
    await asha.expect("is deleted", timeout_s=15)
    await run.ask(asha, "UNDO", "is back")
    await asha.change_number(NEW_NUMBER)
    run.canaries.add("user id", asha.user_id, asha.user_id.partition(".")[2])
    await run.hears_of_change()
    await run.ask(asha, "GET 1", "PIN")
    await run.ask(asha, WRONG_PIN, "not the PIN")
    await run.ask(asha, PIN, "http")


async def keep_a_locked_report(run: Run) -> None:
    """Of somebody who has no number to show, and shares a picture too."""
    lia = run.meet("Lia Palimpsest", username="lia.palimpsest", country="BR")
    run.canaries.add("name", "lia.palimpsest")
    await lia.send_text("oi")
    await lia.expect(kind="button", timeout_s=15)
    await lia.tap(lia.received[-1].choices[0].title)
    await run.ask(lia, "LANG en", "English")
    report = locked_report(3, PASSWORD, seed=11)
    run.canaries.add("hospital", report.truth.hospital)
    await lia.send_document(report.content, filename="locked Quillfeather.pdf")
    await lia.expect("locked", timeout_s=30)
    await run.ask(lia, WRONG_PASSWORD, "did not open")
    await lia.send_text(PASSWORD)
    await lia.wait_for(lambda bubble: bubble.kind in ("button", "list") and bubble.at_ms > last_at_ms(lia), 30)
    await run.ask(lia, "CANCEL")
    await run.ask(lia, "STOP", "stopped")
    await lia.tap("Erase all")
    await lia.expect("cannot be undone", timeout_s=15)
    await lia.tap("Erase all")
    await lia.expect("is erased", timeout_s=15)


async def go_astray(run: Run) -> None:
    """Everything that is not a report, and a WhatsApp that answers with what it should not say."""
    bodo = run.meet("Bodo Sassafras", number="15550199222")
    await run.agree(bodo)
    # What Meta says of a failure may name whom it is about.
    faults = run.simulator.faults
    faults.error(131026, route="messages", details=f"{bodo.number} cannot be reached, {bodo.user_id}")
    faults.fail_later(131026, details=f"Message to {bodo.number} undeliverable")
    for left in (1, 0):
        await bodo.send_text("HELP")
        await eventually(lambda left=left: len(faults.waiting) <= left, 20)
    await bodo.send_voice(b"OggS" + b"\0" * 500)
    await bodo.send_location(18.52, 73.85, name=PLACE, address=PLACE)
    await bodo.send_contact("Uncle Sassafras", SENT_ANOTHER_NUMBER)
    await bodo.send_unsupported()
    await bodo.send_oversize("Quillfeather.pdf")
    await bodo.send_document(b"%PDF-1.4\nxylophone", filename=FILE_NAME)
    await bodo.expect("not kept", timeout_s=60)
    await bodo.send_text(SYMPTOM)
    await run.simulator.settled()


async def bring_what_cannot_be_read(run: Run) -> None:
    """Signed and unsigned bodies, with people in them, that are not what Meta documents."""
    person = {"from": "15550134567", "id": "wamid.CANARYBROKEN0001", "timestamp": SYMPTOM, "type": NOTE}
    run.canaries.add("message id", "wamid.CANARYBROKEN0001")
    bodies: list[Any] = [
        {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": SYMPTOM, "value": person}]}]},
        {"object": SYMPTOM, "entry": []},
        {
            "object": "whatsapp_business_account",
            "entry": [
                {
                    "id": "1",
                    "changes": [
                        {
                            "field": "messages",
                            "value": {
                                "metadata": {"phone_number_id": run.simulator.account.phone_number_id},
                                "messages": [person, {"from": SYMPTOM}, {**person, "text": {"body": [NAME_OF_NOBODY]}}],
                                "statuses": [{"id": "wamid.CANARYBROKEN0002", "status": SYMPTOM}, {"status": 3}],
                                "errors": [{"code": 131000, "title": SYMPTOM, "message": f"to {person['from']}"}],
                            },
                        }
                    ],
                }
            ],
        },
    ]
    run.canaries.add("message id", "wamid.CANARYBROKEN0002")
    run.canaries.add("name", NAME_OF_NOBODY)
    async with aiohttp.ClientSession(run.process.base_url) as session:
        for raw in [json.dumps(body).encode() for body in bodies] + [f'{{"cut": "{SYMPTOM}'.encode()]:
            digest = hmac.new(SECRETS["app secret"].encode(), raw, hashlib.sha256).hexdigest()
            for signature, status in ((f"sha256={digest}", 200), (f"sha256={'0' * 64}", 401), (SECRETS["key"], 401)):
                headers = {"X-Hub-Signature-256": signature}
                async with session.post("/webhook/whatsapp", data=raw, headers=headers) as answer:
                    assert answer.status == status
        wrong = f"/webhook/whatsapp?hub.mode=subscribe&hub.verify_token={SECRETS['access token']}&hub.challenge={PIN}"
        async with session.get(wrong) as answer:
            assert answer.status == 403


NAME_OF_NOBODY = "Ottoline Fiddlewood"


async def look_at_it_as_staff(run: Run) -> str:
    """With every page there is, and a report opened in need; whose it is."""
    parts = run.parts()
    await parts.database.start()
    try:
        async with parts.database.begin() as connection:
            now_ms = parts.clock.now_ms()
            await connection.execute(
                insert(users_table).values(
                    id="usr_canary",
                    email="ada@example.org",
                    email_key="ada@example.org",
                    name="Ada",
                    role="admin",
                    is_active=True,
                    timezone="UTC",
                    work_days=[0],
                    reader_only=False,
                    created_at_ms=now_ms,
                    updated_at_ms=now_ms,
                    version=1,
                )
            )
        token = await Badge(parts, "usr_canary", "admin").token()
    finally:
        await parts.database.stop()
    run.canaries.add("session token", token)
    headers = {"Authorization": f"Bearer {token}"}
    shown: list[Found] = []
    async with aiohttp.ClientSession(run.process.base_url, headers=headers) as session:

        async def get(path: str) -> Any:
            async with session.get(path) as answer:
                raw = await answer.read()
                assert answer.status == 200, raw
                shown.extend(run.canaries.in_bytes(raw, path))
                return json.loads(raw)["data"]

        owners = await get("/api/vault/owners")
        # The last is whom the messages name that nobody could read.
        assert len(owners) == 4
        (owner,) = [one["id"] for one in owners if one["reports"]]
        for path in ("deliveries", "files", "pauses", *(f"owners/{one['id']}/accesses" for one in owners)):
            await get(f"/api/vault/{path}")
        assert await get(f"/api/vault/owners/{owner}/reports")
        async with session.post(f"/api/vault/owners/{owner}/reports/1/break-glass", json={"reason": REASON}) as answer:
            opened = await answer.json()
            assert opened["hospital"] == HOSPITAL
        run.canaries.add("link", opened["link"].rpartition("/")[2])
        async with session.post(f"/api/vault/owners/{owner}/reports/1/break-glass", json={"reason": 7}) as answer:
            assert answer.status == 422
    assert shown == []
    return owner


class TemporaryFiles:
    """Looks again and again at what is in folders for work, while there is work."""

    def __init__(self, folder: Path) -> None:
        self._folders = (folder / "work", folder / "tmp")
        self._contents: dict[bytes, str] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> TemporaryFiles:
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def found(self, canaries: Canaries) -> list[Found]:
        return [one for content, where in self._contents.items() for one in canaries.in_bytes(content, where)]

    async def _look(self) -> None:
        ticks: Callable[[], bool] = self._take
        while True:
            with contextlib.suppress(AssertionError):
                await eventually(ticks, 60, interval_s=0.01)

    def _take(self) -> bool:
        for folder in self._folders:
            for path in folder.rglob("*"):
                # What is gone again was here for less than this takes.
                with contextlib.suppress(OSError):
                    if path.is_file():
                        self._contents.setdefault(path.read_bytes(), f"temporary {path}")
        return False


def lines_of(pdf: bytes) -> list[str]:
    """What stands in a report, line by line, as far as it is long enough to be its own."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        text = document[0].get_textpage().get_text_range()
    finally:
        document.close()
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if len(line) >= 12][:40]


def link_in(text: str) -> str:
    return next(word for word in text.split() if word.startswith("http"))


def last_at_ms(phone: Phone) -> int:
    """When somebody wrote last."""
    return max((bubble.at_ms for bubble in phone.chat.mine), default=0)
