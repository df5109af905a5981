"""A WhatsApp Cloud API in this process, over real HTTP on loopback: the Graph side, webhooks, phones, and a clock to move."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.routing import Router

from wipsie.kernel.clock import Clock
from wipsie.testing.served import QuickServer
from wipsie.testing.simulators.whatsapp.faults import Faults
from wipsie.testing.simulators.whatsapp.graph.errors import webhook_error
from wipsie.testing.simulators.whatsapp.graph.templates import Templates
from wipsie.testing.simulators.whatsapp.identifiers import Identifiers
from wipsie.testing.simulators.whatsapp.live import Live
from wipsie.testing.simulators.whatsapp.log import Log
from wipsie.testing.simulators.whatsapp.media_store import MediaStore
from wipsie.testing.simulators.whatsapp.network import Network
from wipsie.testing.simulators.whatsapp.phones.phone import Phone
from wipsie.testing.simulators.whatsapp.phones.phone_book import Phones
from wipsie.testing.simulators.whatsapp.settings import Account, Behaviour, Bounds
from wipsie.testing.simulators.whatsapp.timetable import Timetable
from wipsie.testing.simulators.whatsapp.virtual_clock import VirtualClock
from wipsie.testing.simulators.whatsapp.web.breakable import BreakableProtocol
from wipsie.testing.simulators.whatsapp.web.control_routes import ControlRoutes
from wipsie.testing.simulators.whatsapp.web.graph_calls import GraphCalls
from wipsie.testing.simulators.whatsapp.web.graph_routes import GraphRoutes
from wipsie.testing.simulators.whatsapp.web.guard import Guard
from wipsie.testing.simulators.whatsapp.web.media_routes import MediaRoutes
from wipsie.testing.simulators.whatsapp.web.page_routes import page_routes
from wipsie.testing.simulators.whatsapp.webhook.courier import Answer, Courier
from wipsie.testing.simulators.whatsapp.webhook.deliveries import Deliveries
from wipsie.testing.simulators.whatsapp.webhook.gathering import Gathering

HOST = "127.0.0.1"
_SETTLE_S_MAX = 60.0
_START_S_MAX = 10.0


class _Server(QuickServer):
    """A guest in its process, whose signals belong to somebody else."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class NotSettled(TimeoutError):
    """Webhooks are still on their way after a minute of real time."""


class WhatsAppSimulator:
    """``async with WhatsAppSimulator(callback_url=…) as simulator:`` and point the application's Graph address to
    `simulator.graph_url`.

        asha = simulator.phone(name="Asha Example")
        await asha.send_document(Path("report.pdf"))
        await asha.expect("Blood test")
        await asha.tap("Save")
        await asha.expect("Saved")

    `faults` makes things go wrong, `log` holds what went over the wire, `advance` moves the `clock` and waits for what that
    sets off. `account`, when given, holds what is not given singly. `clock` is a `FakeClock`, or else the machine's.
    """

    def __init__(
        self,
        *,
        app_secret: str | None = None,
        verify_token: str | None = None,
        access_token: str | None = None,
        phone_number_id: str | None = None,
        callback_url: str | None = None,
        account: Account | None = None,
        behaviour: Behaviour | None = None,
        bounds: Bounds | None = None,
        clock: Clock | None = None,
        port: int = 0,
        seed: int = 1,
    ) -> None:
        """It listens on loopback only. `port` 0: a free one. `seed`: identifiers and orders are the same in every run with the
        same one. ValueError when the callback is not on this machine and may not be elsewhere."""
        self.account = account if account is not None else Account()
        given = {
            "app_secret": app_secret,
            "verify_token": verify_token,
            "access_token": access_token,
            "phone_number_id": phone_number_id,
            "callback_url": callback_url,
        }
        for name, value in given.items():
            if value is not None:
                setattr(self.account, name, value)
        self.behaviour = behaviour if behaviour is not None else Behaviour()
        bounds = bounds if bounds is not None else Bounds()
        self._bounds = bounds
        self._port = port
        self._live = Live(streams=bounds.live_streams)
        self.clock = VirtualClock(clock)
        self._timetable = Timetable(self.clock)
        self._identifiers = Identifiers(seed)
        self.log = Log(
            entries=bounds.log_entries, body_bytes=bounds.log_body_bytes, changed=lambda: self._live.tell("log")
        )
        self.faults = Faults(limit=bounds.faults, changed=self._faults_changed)
        self.templates = Templates(limit=bounds.templates)
        self._courier = Courier(timeout_s=self.behaviour.webhook_timeout_s, remote=self.behaviour.remote_callback)
        if self.account.callback_url is not None:
            self._courier.check_address(self.account.callback_url)
        self._folder = tempfile.TemporaryDirectory(prefix="wipsie-whatsapp-")
        self._media = MediaStore(
            Path(self._folder.name),
            clock=self.clock,
            identifiers=self._identifiers,
            behaviour=self.behaviour,
            bounds=bounds,
        )
        self._network = Network(
            account=self.account,
            behaviour=self.behaviour,
            bounds=bounds,
            clock=self.clock,
            timetable=self._timetable,
            identifiers=self._identifiers,
            faults=self.faults,
            media=self._media,
            live=self._live,
        )
        self._deliveries = Deliveries(
            self._courier,
            account=self.account,
            behaviour=self.behaviour,
            bounds=bounds,
            clock=self.clock,
            timetable=self._timetable,
            faults=self.faults,
            identifiers=self._identifiers,
            log=self.log,
            acknowledged=self._network.acknowledged,
        )
        self._gathering = Gathering(
            self._deliveries.release,
            faults=self.faults,
            timetable=self._timetable,
            clock=self.clock,
            identifiers=self._identifiers,
            limit=bounds.updates,
        )
        self._moving = asyncio.Lock()
        self._closing = asyncio.Event()
        self._server: QuickServer | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._listener: socket.socket | None = None

    def phone(self, name: str = "Asha Example", *, number: str | None = None, username: str | None = None) -> Phone:
        """A new user with a phone; `phones.add` knows what else can be said of one. ValueError when the number is taken."""
        return self.phones.add(name, number=number, username=username)

    @property
    def phones(self) -> Phones:
        """All users."""
        return self._network.phones

    @property
    def url(self) -> str:
        """Its address: the page is there, the control interface under ``/_simulator``."""
        return f"http://{HOST}:{self._port}"

    @property
    def graph_url(self) -> str:
        """What takes the place of ``https://graph.facebook.com``."""
        return self.url

    @property
    def waiting_webhooks(self) -> int:
        """Webhooks that were not acknowledged and not given up."""
        return self._deliveries.waiting

    async def subscribe(self, callback_url: str | None = None, *, verify_token: str | None = None) -> Answer:
        """Set the callback and verify it, as saving it in Meta's console does. The answer has a `reason` when it failed;
        webhooks wait then."""
        if verify_token is not None:
            self.account.verify_token = verify_token
        if callback_url is not None:
            self._courier.check_address(callback_url)
            self.account.callback_url = callback_url
        answer = await self._deliveries.verify()
        self._live.tell("account")
        return answer

    def expire_token(self) -> None:
        """The access token has ended: every call is answered with 190."""
        self.account.token_expired = True
        self._live.tell("account")

    def renew_token(self, access_token: str | None = None) -> None:
        """A token is good (again)."""
        if access_token is not None:
            self.account.access_token = access_token
        self.account.token_expired = False
        self._live.tell("account")

    def report_error(self, code: int, details: str = "") -> None:
        """A webhook about trouble of the account, without any message."""
        self._network.report(webhook_error(code, details))

    async def advance(self, seconds: float) -> None:
        """Move the clock, stopping at everything that is due on the way until it is done: a retry after an hour is made
        after an hour, and answered, before the second one."""
        if seconds < 0:
            raise ValueError("time only moves forward")
        async with self._moving:
            target_ms = self.clock.now_ms() + round(seconds * 1000)
            await self.settled()
            while (next_ms := self._timetable.next_ms()) is not None and next_ms <= target_ms:
                await self.clock.move_to(next_ms)
                await self.settled()
            await self.clock.move_to(target_ms)
            await self.settled()
        self._live.tell("clock")

    async def settled(self) -> None:
        """Return when nothing is due and no webhook is on its way. Those that wait for a retry do not count. NotSettled."""
        try:
            async with asyncio.timeout(_SETTLE_S_MAX):
                while True:
                    ran = self._timetable.run_due()
                    running = self._deliveries.running
                    if running:
                        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                        # Lets what they set off begin.
                        await asyncio.sleep(0)
                    elif not ran:
                        return
        except TimeoutError:
            raise NotSettled(f"{len(self._deliveries.running)} webhooks are still on their way.") from None

    async def __aenter__(self) -> WhatsAppSimulator:
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self._closing.set()
        self._live.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._deliveries.stop()
        await self._courier.stop()
        if self._server is not None:
            self._server.end()
            await self._serving
        if self._listener is not None:
            self._listener.close()
        await asyncio.to_thread(self._folder.cleanup)

    async def _start(self) -> None:
        self._listener = _listener(self._port)
        self._port = self._listener.getsockname()[1]
        self._network.connect(self._gathering, self._deliveries, self.url)
        await self._courier.start()
        config = uvicorn.Config(
            Guard(self._application()),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http=BreakableProtocol,
            server_header=False,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]), name="whatsapp simulator")
        self._tasks = [asyncio.create_task(self._timetable.run(), name="timetable of the whatsapp simulator")]
        self._deliveries.start()
        async with asyncio.timeout(_START_S_MAX):
            while not self._server.started:
                if self._serving.done():
                    raise RuntimeError("The simulator's server ended at its start.")
                await asyncio.sleep(0.001)

    def _application(self) -> Router:
        calls = GraphCalls(
            account=self.account,
            faults=self.faults,
            limits=self._network.limits,
            identifiers=self._identifiers,
            clock=self.clock,
            log=self.log,
            closing=self._closing,
        )
        media = MediaRoutes(calls, self._media, faults=self.faults, behaviour=self.behaviour, base_url=self.url)
        graph = GraphRoutes(
            calls,
            media,
            account=self.account,
            network=self._network,
            templates=self.templates,
            courier=self._courier,
            bounds=self._bounds,
        )
        control = ControlRoutes(
            self,
            account=self.account,
            behaviour=self.behaviour,
            bounds=self._bounds,
            clock=self.clock,
            network=self._network,
            templates=self.templates,
            faults=self.faults,
            deliveries=self._deliveries,
            media=self._media,
            log=self.log,
            live=self._live,
        )
        routes: list[Any] = [*page_routes(), *control.routes(), *graph.routes()]
        return Router(routes)

    def _faults_changed(self) -> None:
        self._live.tell("faults")
        self._gathering.step()


def _listener(port: int) -> socket.socket:
    """Named TCP, as `wipsie.testing.process.loopback_listener` says, and reusable at once: a simulator that is started again
    gets its old port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener
