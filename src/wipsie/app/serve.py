"""Runs one process of Wipsie until it is told to stop.

SIGTERM and SIGINT: accept nothing more, finish requests, drain the worker to its deadline, exit 0. A second signal hastens.
kill -9 may come at any time: what was acknowledged is on disk.

A database or queue server that cannot be reached at the start is waited for, and so is a schema that is older than this
code: meanwhile `/health` answers, `/health/ready` is red with the reason, and intake is refused with 503 and Retry-After. A setting that cannot work (a wrong password) ends
the start, at once or whenever it turns out.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wipsie.app.instances import InstanceFile, running_instances
from wipsie.app.lifeline import check_tied, held, say_ready
from wipsie.app.listening import Listener, open_listener
from wipsie.app.process import give_threads, prepare_process, quick_start
from wipsie.app.set_up import offer_mail, offer_set_up, offer_vault
from wipsie.app.settings import Settings
from wipsie.app.whatsapp_simulator import SimulatedAccount, running_simulator, simulated_account
from wipsie.kernel.clock import Clock, SystemClock
from wipsie.kernel.errors import ConfigurationError, StorageUnavailable
from wipsie.telemetry.logging import get_logger, log_fields

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from wipsie.app.application import Application

METRICS_PORT = 9090
_KEEP_ALIVE_S = 15
_START_S_SILENT = 5.0
"""Usually everything is open before the first request. When a store is away, or silent for this long, the server answers
already, if only to say so."""

_LOOK_AGAIN_S = 5.0

_log = get_logger(__name__)


class HttpSite(NamedTuple):
    """A server and where it listens."""

    server: uvicorn.Server
    listener: Listener


def serve(
    settings: Settings,
    roles: tuple[str, ...],
    *,
    migrate: bool,
    tied: bool = False,
    number: int = 1,
    with_simulator: bool = False,
) -> None:
    """Run these roles until SIGTERM or SIGINT. `migrate`: bring the database up to date first; otherwise it must be.
    `tied`: standard input is the lifeline to a parent process, which tells when to stop; `number` is this one's among those of
    the parent. `with_simulator`: that of WhatsApp runs beside it, where nothing real is named.
    ConfigurationError, StorageUnavailable when it cannot start; then nothing was started."""
    if tied:
        check_tied()
    prepare_process(settings)
    listener = _listen(settings) if "api" in roles else listen_for_metrics(settings, roles, number)
    sqs_listener: Listener | None = None
    try:
        sqs_listener = _listen_for_sqs(settings, listener) if "api" in roles else None
        account = simulated_account(settings, roles, listener) if with_simulator else None
        if account is not None:
            settings = account.applied(settings)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_run(settings, roles, listener, sqs_listener, account, migrate=migrate, tied=tied))
    finally:
        for one in (listener, sqs_listener):
            if one is not None:
                one.close()


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        # No wheel for this platform: the standard loop does the same, slower.
        return None
    return uvloop.Loop


def _listen(settings: Settings) -> Listener:
    api = settings.api
    try:
        listener = open_listener(api.host, api.port)
    except ConfigurationError as error:
        for one in running_instances(settings.data_dir):
            if "port" in error.details and one.address is not None and one.address.endswith(f":{api.port}"):
                raise ConfigurationError(
                    f"Wipsie runs already on {one.address} (process {one.pid}); stop that one, "
                    "or choose another port with API_PORT.",
                    details=error.details,
                ) from None
        raise
    if not listener.is_loopback and not api.public_url.startswith("https:"):
        _log.warning(
            "api_without_https",
            host=api.host,
            danger="Other machines reach this address, and passwords and tokens travel to it as plain text. Put a server that "
            "speaks https in front, and name it in PUBLIC_URL.",
        )
    return listener


def _listen_for_sqs(settings: Settings, api: Listener | None) -> Listener | None:
    """Where Amazon SQS is served alone; None where nobody asked for it."""
    port = settings.sqs_endpoint.port
    if port is None:
        return None
    if port and api is not None and port == api.port:
        raise ConfigurationError(
            f"SQS_ENDPOINT_PORT is {port}, the port of the API, where Amazon SQS is served in any case; leave it out, or choose "
            "another port.",
            details={"setting": "SQS_ENDPOINT_PORT", "port": port},
        )
    return open_listener(settings.api.host, port, "SQS_ENDPOINT_PORT")


def listen_for_metrics(settings: Settings, roles: tuple[str, ...], number: int) -> Listener | None:
    """Where a worker without the API shows its metrics; None where it cannot, and nobody asked for this very port."""
    if "worker" not in roles:
        return None
    chosen = settings.worker.metrics_port
    port = METRICS_PORT if chosen is None else chosen
    try:
        return open_listener(settings.api.host, min(port + number - 1, 65535) if port else 0, "METRICS_PORT")
    except ConfigurationError as error:
        if chosen is not None and number == 1:
            raise
        _log.warning("metrics_not_served", reason=error.message)
        return None


async def _run(
    settings: Settings,
    roles: tuple[str, ...],
    listener: Listener | None,
    sqs_listener: Listener | None,
    account: SimulatedAccount | None,
    *,
    migrate: bool,
    tied: bool,
) -> None:
    give_threads(asyncio.get_running_loop())
    clock = SystemClock()
    stopping = asyncio.Event()
    hastened = asyncio.Event()
    with _tied(stopping, hastened) if tied else _signals(stopping, hastened):
        with quick_start():
            application = _build(settings, roles, clock)
            sites: list[HttpSite] = []
            if listener is not None:
                build = application.build_metrics_api
                if "api" in roles:
                    application.parts.public_url.listens_at(listener.url)
                    build = application.build_api
                sites.append(http_site(build, listener, settings))
            if sqs_listener is not None:
                sites.append(http_site(application.build_sqs_port, sqs_listener, settings))
            if application.worker is not None:
                # On every line of this process from here on: several workers may write one log.
                log_fields(worker=application.worker.worker_id)
            starting = asyncio.create_task(
                application.start(prepare=lambda: prepare_database(settings, migrate=migrate), patient=True),
                name="start",
            )
            await _started_or_held_up(starting, application, clock)
        instance = InstanceFile(
            settings.data_dir,
            roles=roles,
            # What has no API is not where commands find one.
            address=listener.url if listener is not None and "api" in roles else None,
            clock=clock,
        )
        try:
            if starting.done():
                starting.result()
            instance.write()
            await _serve_until(application, sites, account, starting, stopping, hastened, tied=tied)
        finally:
            await _cancelled(starting)
            await application.stop()
            instance.remove()
    _log.info("stopped")


def _build(settings: Settings, roles: tuple[str, ...], clock: Clock) -> Application:
    from wipsie.app.application import Application
    from wipsie.app.parts import build_parts

    return Application(build_parts(settings, clock), roles)


async def prepare_database(settings: Settings, *, migrate: bool) -> None:
    """Migrate, or see that nothing is to be migrated. ConfigurationError; StorageUnavailable, also for a server whose schema
    is older than this code: whoever rolls out a release migrates, sooner or later."""
    from wipsie.database import migrator
    from wipsie.database.urls import parse_database_url

    url = settings.database.url
    # A file has one machine, so its first process may as well make it ready; a server is migrated on purpose.
    if migrate or parse_database_url(url).dialect == "sqlite":
        applied = await migrator.migrate(url)
        if applied:
            _log.info("database_migrated", revisions=applied)
        return
    if missing := await migrator.pending(url):
        raise StorageUnavailable(
            f"The database lacks the migrations {', '.join(missing)}; run: wipsie migrate",
            details={"pending": missing},
            retry_after_s=_LOOK_AGAIN_S,
        )


async def _serve_until(
    application: Application,
    sites: Sequence[HttpSite],
    account: SimulatedAccount | None,
    starting: asyncio.Task[None],
    stopping: asyncio.Event,
    hastened: asyncio.Event,
    *,
    tied: bool,
) -> None:
    """Serve until told to stop or the start fails, then stop in good order."""
    waits: list[asyncio.Task[object]] = [asyncio.create_task(_wait(stopping), name="signal")]
    waits.extend(asyncio.create_task(_serve(one), name="http") for one in sites)
    url = sites[0].listener.url if sites else None
    if not starting.done():
        _log.info("answers_while_it_starts" if sites else "waits_for_its_stores", url=url)
    done, _ = await asyncio.wait((starting, *waits), return_when=asyncio.FIRST_COMPLETED)
    if starting in done and starting.exception() is None:
        own_ports = {"sqs_url": sites[1].listener.url} if len(sites) > 1 else {}
        data_dir = str(application.parts.settings.data_dir)
        _log.info("started", roles=list(application.roles), url=url, **own_ports, data_dir=data_dir)
        if tied:
            say_ready()
        async with _simulator(account, url):
            offering = asyncio.create_task(_offer_first_steps(application, url, account), name="first-steps")
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            await _cancelled(offering)
    _log.info("stopping")
    # Nothing may start any more while the rest stops.
    await _cancelled(starting)
    hasten = asyncio.create_task(_hasten(application, sites, hastened), name="hasten")
    try:
        ends: list[asyncio.Task[object]] = [asyncio.create_task(_drain(application), name="drain")]
        for one in sites:
            one.server.should_exit = True
        ends.extend(waits[1:])
        await asyncio.wait(ends)
        for task in (*done, *ends):
            # An HTTP server that ended by itself, or a drain that failed, is an error of the process.
            task.result()
    finally:
        for task in (hasten, waits[0]):
            task.cancel()
        await asyncio.gather(hasten, waits[0], return_exceptions=True)


@asynccontextmanager
async def _simulator(account: SimulatedAccount | None, url: str | None) -> AsyncGenerator[None]:
    if account is None or url is None:
        yield
        return
    async with running_simulator(account, url):
        yield


async def _offer_first_steps(application: Application, url: str | None, account: SimulatedAccount | None) -> None:
    # Beside the serving: a slow database must not keep a signal waiting.
    if "api" in application.roles and url is not None:
        await offer_mail(application.parts, url)
        if account is not None:
            offer_vault(account.url)
        await offer_set_up(application.parts)


async def _started_or_held_up(starting: asyncio.Task[None], application: Application, clock: Clock) -> None:
    held_up = asyncio.create_task(application.held_up.wait(), name="held-up")
    first = asyncio.ensure_future(asyncio.wait((starting, held_up), return_when=asyncio.FIRST_COMPLETED))
    await clock.wait(first, _START_S_SILENT)
    for task in (first, held_up):
        task.cancel()
    await asyncio.gather(first, held_up, return_exceptions=True)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _wait(event: asyncio.Event) -> object:
    return await event.wait()


async def _serve(site: HttpSite) -> object:
    return await site.server.serve(sockets=[site.listener.socket])


async def _drain(application: Application) -> object:
    return await application.worker.drain() if application.worker is not None else None


async def _hasten(application: Application, sites: Sequence[HttpSite], hastened: asyncio.Event) -> None:
    await hastened.wait()
    _log.warning("hastening")
    for one in sites:
        one.server.force_exit = True
    await application.hasten()


@contextlib.contextmanager
def _signals(stopping: asyncio.Event, hastened: asyncio.Event) -> Generator[None]:
    loop = asyncio.get_running_loop()

    def told() -> None:
        (hastened if stopping.is_set() else stopping).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _tied(stopping: asyncio.Event, hastened: asyncio.Event) -> Generator[None]:
    """The parent tells when to stop and when to hasten. A signal that goes to the whole group (Ctrl-C, a service manager)
    reaches parent and child: here it must not count twice."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, _ignore)
    try:
        with held(stopping.set, hastened.set):
            yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _ignore() -> None:
    """Ctrl-C is for the parent."""


def http_site(build: Callable[..., FastAPI], listener: Listener, settings: Settings) -> HttpSite:
    """What `build` makes, where `listener` listens; answers no signals."""
    import uvicorn

    from wipsie.api.http_protocol import HttpProtocol

    class Server(uvicorn.Server):
        """uvicorn without its signal handlers: they would end the process before the worker has drained."""

        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None]:
            yield

    config = uvicorn.Config(
        build(loopback_only=listener.is_loopback),
        http=HttpProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, int(settings.worker.drain_deadline_s)),
    )
    return HttpSite(Server(config), listener)


def serve_reloading(command: list[str], source: Path) -> None:
    """Run a command, and again whenever a file of `source` changes; for developing Wipsie."""
    import shlex

    from watchfiles import PythonFilter, run_process

    run_process(source, target=shlex.join(command), target_type="command", watch_filter=PythonFilter())
