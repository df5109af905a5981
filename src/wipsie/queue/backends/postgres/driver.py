"""asyncpg as it is used here, with types: the library has none of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Protocol, cast


class Row(Protocol):
    """A row: fields by position or by name."""

    def __getitem__(self, field: int | str, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


class Scope(Protocol):
    """A transaction as a context manager."""

    async def __aenter__(self) -> None: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Session(Protocol):
    """The part of `asyncpg.Connection` used here. Times are in seconds."""

    async def fetch(self, query: str, *args: object) -> list[Row]: ...

    async def fetchrow(self, query: str, *args: object) -> Row | None: ...

    async def fetchval(self, query: str, *args: object) -> Any: ...

    async def execute(self, query: str, *args: object) -> str: ...

    def transaction(self) -> Scope: ...

    async def add_listener(self, channel: str, callback: Callable[[object, int, str, str], None]) -> None: ...

    def add_termination_listener(self, callback: Callable[[object], None]) -> None: ...

    def get_server_pid(self) -> int: ...

    def is_closed(self) -> bool: ...

    def terminate(self) -> None: ...

    async def close(self, *, timeout: float | None = None) -> None: ...  # noqa: ASYNC109  asyncpg says so


async def open_session(
    dsn: str, *, timeout_s: float, command_timeout_s: float, settings: Mapping[str, str], prepare: bool
) -> Session:
    """Connect. `prepare`: statements may outlive their transaction. Raises what asyncpg raises; see `failures`."""
    import asyncpg

    connect = cast(Callable[..., Any], asyncpg.connect)
    # asyncpg's own time-out does not cover the look-up of the host's name.
    async with asyncio.timeout(timeout_s):
        session = await connect(
            dsn,
            timeout=timeout_s,
            command_timeout=command_timeout_s,
            server_settings=dict(settings),
            statement_cache_size=100 if prepare else 0,
            # Statements are few and calls to functions: none is worth preparing again.
            max_cached_statement_lifetime=0,
        )
    return cast(Session, session)


def is_driver_error(error: BaseException) -> bool:
    """Whether asyncpg raised this, or the network below it."""
    import asyncpg

    kinds = cast(
        tuple[type[BaseException], ...],
        # The internal one: a call met a connection that was lost in the middle of another.
        (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError),
    )
    return isinstance(error, kinds)


def wrong_option(error: BaseException) -> str | None:
    """What asyncpg says of an option of the URL that it cannot use, in one line; None for other errors."""
    import asyncpg

    if not isinstance(error, cast(type[BaseException], asyncpg.ClientConfigurationError)):
        return None
    return str(error).partition("\n")[0].replace("`", "'")
