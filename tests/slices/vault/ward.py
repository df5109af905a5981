"""The whole of Wipsie with its vault, beside a simulated WhatsApp: what people send by phone goes all the way, and comes back."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import text

from wipsie.app.application import Application
from wipsie.app.parts import Parts, build_parts
from wipsie.app.serve import prepare_database
from wipsie.app.settings import Settings
from wipsie.kernel.clock import Clock, SystemClock
from wipsie.slices.vault.jobs import CLEAN, DELIVERIES_QUEUE, MEDIA_QUEUE, MESSAGES_QUEUE
from wipsie.slices.vault.routes.webhook import PATH
from wipsie.slices.vault.store.identities import by_user_id
from wipsie.testing.eventually import eventually
from wipsie.testing.sample_reports import SampleReport
from wipsie.testing.served import served
from wipsie.testing.simulators.whatsapp import Phone, WhatsAppSimulator
from wipsie.testing.simulators.whatsapp.phones.chat import Bubble

QUEUES = (MESSAGES_QUEUE, MEDIA_QUEUE, DELIVERIES_QUEUE)
SECRET = "ward-app-secret"
VERIFY = "ward-verify-token"
TOKEN = "ward-access-token"
KEY = "00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0"


DUE = """
SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM vault_inbox WHERE handled_at_ms IS NULL) + (
    SELECT count(*) FROM vault_deliveries d
    WHERE settled_at_ms IS NULL AND next_at_ms <= :now_ms
    AND phone_number_id NOT IN (SELECT phone_number_id FROM vault_pauses)
    AND NOT EXISTS (
        SELECT 1 FROM vault_deliveries earlier
        WHERE earlier.owner = d.owner AND earlier.settled_at_ms IS NULL AND earlier.number < d.number
    )
)
"""
"""What is to be done at a moment and is not: of what waits to be said, the first to each."""


class Ward:
    """Wipsie and WhatsApp."""

    def __init__(self, application: Application, simulator: WhatsAppSimulator, url: str) -> None:
        self.application = application
        self.simulator = simulator
        self.url = url

    @property
    def parts(self) -> Parts:
        return self.application.parts

    def phone(self, name: str = "Asha Example", **details: Any) -> Phone:
        """Somebody who has not written yet."""
        return self.simulator.phone(name=name, **details)

    async def agreed(self, name: str = "Asha Example", **details: Any) -> Phone:
        """Somebody who agreed already."""
        phone = self.phone(name, **details)
        await phone.send_text("Hello")
        await phone.expect("agree", timeout_s=15)
        await phone.tap("I agree")
        await phone.expect("Send", timeout_s=15)
        return phone

    async def send_report(self, phone: Phone, report: SampleReport, **details: Any) -> Bubble:
        """Somebody sends a report as a file."""
        return await phone.send_document(
            report.content, filename=report.file_name, mime_type=report.media_type, **details
        )

    async def card_of(self, phone: Phone, report: SampleReport) -> Bubble:
        """Somebody sends a report and gets its card."""
        await self.send_report(phone, report)
        return await phone.expect(kind="button", timeout_s=30)

    async def saved(self, phone: Phone, report: SampleReport) -> Bubble:
        """Somebody sends a report and saves it."""
        await self.card_of(phone, report)
        await phone.tap("Save")
        return await phone.expect("Saved as report", timeout_s=15)

    async def advance(self, seconds: float, *, is_busy: bool = False) -> None:
        """Let time pass for both, once what is due now is done; of a ward with `moves`. `is_busy`: somebody is at work for that long."""
        await self.comes_to(0, DUE, now_ms=self.simulator.clock.now_ms())
        if not is_busy:
            await eventually(self.is_idle, 15, "every job comes to its end")
        await self.simulator.advance(seconds)

    async def is_idle(self) -> bool:
        """Whether no job is at work, or could be."""
        engine = self.parts.engine
        counts = [await engine.counts(engine.resolve(queue)) for queue in QUEUES]
        return not any(one.ready or one.leased for one in counts)

    async def clean(self) -> dict[str, Any]:
        """What the schedule of every minute does, done once; how much of each."""
        handler = self.parts.registry.find_by_type(CLEAN)
        assert handler is not None
        nothing: Any = None
        return await handler.function(nothing, nothing)

    async def comes_to(self, expected: object, statement: str, *, timeout_s: float = 15.0, **values: Any) -> None:
        """Wait until the first column of the rows is this, in order; a value that is no list is that of the only row."""
        wanted = cast("list[object]", expected) if isinstance(expected, list) else [expected]

        async def arrived() -> bool:
            nonlocal found
            found = [row[0] for row in await self.rows(statement, **values)]
            return found == wanted

        found: list[Any] = []
        try:
            await eventually(arrived, timeout_s)
        except AssertionError:
            raise AssertionError(f"{statement} is {found!r} and not {wanted!r} after {timeout_s:g} s") from None

    async def owner_of(self, phone: Phone) -> str:
        """Our name for somebody who wrote."""
        ring = await self.parts.vault_keys.ring()
        async with self.parts.database.read() as connection:
            identity = await by_user_id(connection, ring, phone.user_id)
        assert identity is not None, f"{phone.name} is nobody here"
        return identity.id

    async def comes_into(self, state: str, phone: Phone, *, timeout_s: float = 15.0) -> None:
        """Wait until the conversation with this phone is in this state."""
        statement = "SELECT state FROM vault_conversations WHERE owner = :owner"
        await self.comes_to(state, statement, timeout_s=timeout_s, owner=await self.owner_of(phone))

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the database says."""
        async with self.parts.database.read() as connection:
            return list((await connection.execute(text(statement), values)).all())


@asynccontextmanager
async def open_ward(
    folder: Path,
    *,
    database_url: str = "",
    clock: Clock | None = None,
    simulator: dict[str, Any] | None = None,
    moves: bool = False,
    roles: tuple[str, ...] = ("api", "worker"),
    **settings: str,
) -> AsyncGenerator[Ward]:
    """A ward, with what its tests want to be otherwise. `moves`: Wipsie lives by the simulator's clock, which `advance` moves."""
    async with AsyncExitStack() as stack:
        whatsapp = await stack.enter_async_context(
            WhatsAppSimulator(app_secret=SECRET, verify_token=VERIFY, access_token=TOKEN, **(simulator or {}))
        )
        values = {
            "WIPSIE_DATA_DIR": str(folder),
            "WIPSIE_SLICES": "vault",
            "DATABASE_URL": database_url,
            "WHATSAPP_GRAPH_URL": whatsapp.graph_url,
            "WHATSAPP_ACCESS_TOKEN": TOKEN,
            "WHATSAPP_APP_SECRET": SECRET,
            "WHATSAPP_VERIFY_TOKEN": VERIFY,
            "WHATSAPP_PHONE_NUMBER_ID": whatsapp.account.phone_number_id,
            "VAULT_KEYS": KEY,
            **settings,
        }
        chosen = whatsapp.clock if moves else clock or SystemClock()
        application = Application(build_parts(Settings.read(values), chosen), roles)
        api = application.build_api()
        url = await stack.enter_async_context(served(api))
        application.parts.public_url.listens_at(url)
        await application.start(prepare=lambda: prepare_database(application.parts.settings, migrate=True))
        stack.push_async_callback(application.stop)
        await whatsapp.subscribe(f"{url}{PATH}")
        yield Ward(application, whatsapp, url)
