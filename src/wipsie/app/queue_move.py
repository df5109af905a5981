"""Two queue stores by their URLs, opened for a move from one to the other."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from wipsie.app.queues import build_backend, queue_file
from wipsie.app.settings import Settings, environment
from wipsie.app.settings.sections import QueueSection
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError, InvalidInput, StorageUnavailable
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import QueueBackend
from wipsie.queue.names import QueueNames
from wipsie.queue.transfer import Transfer, TransferOptions, TransferPlan
from wipsie.queue.transfer.plan import make_plan

_PORTS = {"postgresql": 5432, "redis": 6379, "rediss": 6379}
_SAFE_PARAMETERS = ("endpoint_url", "schema", "namespace", "sslmode", "host")
"""What of a URL's query tells stores apart; the rest may hold a secret and is never shown."""


SOURCE_VARIABLE = "WIPSIE_MOVE_FROM"
DESTINATION_VARIABLE = "WIPSIE_MOVE_TO"
"""No settings of a running Wipsie: they speak to this one command, where an option would show a password to every process."""


class Ends(NamedTuple):
    """Where a move goes from and to, as QUEUE_URL would name them, and where people wrote that."""

    source_url: str
    destination_url: str
    source_named: str = "--from"
    destination_named: str = "--to"


def read_ends(settings: Settings, source: str | None, destination: str | None) -> Ends:
    """The ends of a move: the options where they are given, else the variables of the environment or `.env`, and for the
    source at last QUEUE_URL. InvalidInput without a destination."""
    values = environment()
    ends = Ends(source or "", destination or "")
    if not destination:
        ends = ends._replace(
            destination_url=values.get(DESTINATION_VARIABLE, ""), destination_named=DESTINATION_VARIABLE
        )
    if not source:
        ends = ends._replace(source_url=values.get(SOURCE_VARIABLE, ""), source_named=SOURCE_VARIABLE)
    if not ends.source_url:
        ends = ends._replace(source_url=settings.queue.url, source_named="QUEUE_URL")
    if not ends.destination_url:
        raise InvalidInput(
            f"Name the store to move to with --to, or in the variable {DESTINATION_VARIABLE}.",
            details={"field": "--to"},
        )
    return ends


def shows_password(url: str | None) -> bool:
    """Whether a URL holds a password that the list of processes shows when it is an option."""
    try:
        parts = urlsplit(url or "")
        return bool(parts.password) or any(name == "password" for name, _ in parse_qsl(parts.query))
    except ValueError:
        return False


def store_name(option: str, url: str) -> str:
    """What people call the store of a URL, without secrets: the same text for the same store. InvalidInput naming the
    command's option for a URL that names no store."""
    try:
        QueueSection.read({"QUEUE_URL": url})
        if (file := queue_file(url)) is not None:
            return f"sqlite:///{file.resolve()}"
        parts = urlsplit(url)
        scheme = "postgresql" if parts.scheme in ("postgres", "postgresql") else parts.scheme.lower()
        port = parts.port or _PORTS.get(scheme)
    except (ConfigurationError, ValueError):
        raise InvalidInput(
            f"{option} must be a URL as QUEUE_URL takes it, for example sqlite:////absolute/path/queue.db, "
            "postgresql://user:password@host/name, redis://host/0 or sqs://us-east-1.",
            details={"field": option},
        ) from None
    host = f"{parts.hostname or ''}{f':{port}' if port else ''}"
    kept = [(name, value) for name, value in sorted(parse_qsl(parts.query)) if name in _SAFE_PARAMETERS]
    return f"{scheme}://{host}{parts.path}{'?' + urlencode(kept) if kept else ''}"


@asynccontextmanager
async def opened_transfer(
    settings: Settings, clock: Clock, ends: Ends, queues: Sequence[str], options: TransferOptions
) -> AsyncGenerator[Transfer]:
    """Both stores opened and the move between them prepared. `queues`: short or stored names, none for all; they take the
    place of `options.queues`. InvalidInput, ConfigurationError, StorageUnavailable."""
    source_name, destination_name = _names(ends)
    async with AsyncExitStack() as stack:
        source = await _open(stack, settings, clock, ends.source_url, ends.source_named)
        destination = await _open(stack, settings, clock, ends.destination_url, ends.destination_named)
        yield Transfer(
            source,
            destination,
            dataclasses.replace(options, queues=await _resolve(source, settings, queues)),
            clock=clock,
            source_name=source_name,
            destination_name=destination_name,
            journal_folder=settings.data_dir / "moves",
        )


async def planned_transfer(settings: Settings, clock: Clock, ends: Ends, queues: Sequence[str]) -> TransferPlan:
    """What a move would do. No file of a destination is made for that."""
    _names(ends)
    file = queue_file(ends.destination_url)
    missing = file is not None and not file.exists()
    async with AsyncExitStack() as stack:
        source = await _open(stack, settings, clock, ends.source_url, ends.source_named)
        destination = (
            None if missing else await _open(stack, settings, clock, ends.destination_url, ends.destination_named)
        )
        return await make_plan(source, destination, await _resolve(source, settings, queues))


def _names(ends: Ends) -> tuple[str, str]:
    source = store_name(ends.source_named, ends.source_url)
    destination = store_name(ends.destination_named, ends.destination_url)
    files = queue_file(ends.source_url), queue_file(ends.destination_url)
    if source == destination or _same_file(*files):
        raise InvalidInput(
            f"{ends.source_named} and {ends.destination_named} are the same store ({source}); name another one.",
            details={"field": ends.destination_named},
        )
    if files[0] is not None and not files[0].exists():
        raise InvalidInput(
            f"There are no queues at {source}; look at {ends.source_named}.", details={"field": ends.source_named}
        )
    return source, destination


async def _open(stack: AsyncExitStack, settings: Settings, clock: Clock, url: str, named: str) -> QueueBackend:
    section = dataclasses.replace(settings.queue, url=url)
    try:
        backend = build_backend(dataclasses.replace(settings, queue=section), clock)
        await backend.start()
    except (ConfigurationError, StorageUnavailable) as error:
        # Backends know the setting they are usually given; of two stores, say which.
        details = {**error.details, "setting": named} if "setting" in error.details else error.details
        sentence = error.message.replace("QUEUE_URL", named)
        raise type(error)(sentence, details=details, retry_after_s=error.retry_after_s) from error
    stack.push_async_callback(backend.stop)
    return backend


async def _resolve(source: QueueBackend, settings: Settings, queues: Sequence[str]) -> list[QueueName] | None:
    if not queues:
        return None
    names = QueueNames(settings.queue.prefix)
    there = {one.name for one in await source.list_queues()}
    return [QueueName(name) if name in there else names.stored(name) for name in queues]


def _same_file(one: Path | None, other: Path | None) -> bool:
    """Two names of one file, which SQLite must never open under both."""
    return one is not None and other is not None and one.exists() and other.exists() and one.samefile(other)
