"""Database URLs as people write them, and what they mean; free of heavy imports, so that cheap checks stay cheap."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import msgspec

from wipsie.kernel.errors import ConfigurationError

CONNECT_TIMEOUT_S = 5.0

_LIBPQ_ONLY = frozenset(
    {"channel_binding", "client_encoding", "gssencmode", "keepalives", "keepalives_count", "keepalives_idle"}
    | {"keepalives_interval", "sslcompression", "tcp_user_timeout"}
)
"""Options other drivers know and URLs from elsewhere carry; ours would pass them to the server, which refuses them."""


class DatabaseUrl(msgspec.Struct, frozen=True):
    """A checked database URL."""

    dialect: str
    """``sqlite`` or ``postgresql``."""
    driver_url: str
    """What SQLAlchemy is given. For a server it names the driver only; `server` says where it connects to."""
    path: Path | None
    """The file of a SQLite database, None for a server."""
    server: ServerAddress | None = None
    """Where a database server is, None for SQLite."""


class ServerAddress(msgspec.Struct, frozen=True):
    """How a PostgreSQL server is reached."""

    dsn: str
    """URL for the driver, password included: never shown."""
    shown: str
    """``host:port/name``, for people."""
    connect_timeout_s: float
    is_behind_pooler: bool
    """A pooler in transaction mode stands between: nothing may be left on a connection after a transaction."""


def parse_database_url(url: str) -> DatabaseUrl:
    """Read ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``postgresql://user:password@host/name``.

    A PostgreSQL URL may carry the options of its tools, such as ``sslmode=require``, ``application_name``,
    ``connect_timeout`` (seconds), ``target_session_attrs=read-write`` with several hosts, or ``host`` for a socket folder,
    and ``pooler=transaction`` when PgBouncer or another pooler in transaction mode stands between.

    ConfigurationError for anything else. An in-memory SQLite database is refused: readers and the writer are separate
    connections, and it would forget everything.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.partition("+")[0].lower()
    if separator and scheme == "sqlite":
        # One slash ends the (empty) host; what follows is the path, as SQLAlchemy writes it.
        path_text = unquote(rest.partition("?")[0]).removeprefix("/")
        if not path_text or ":memory:" in path_text or rest[:1] != "/":
            raise _wrong(
                "DATABASE_URL must name a file, for example sqlite:///data/wipsie.db; an in-memory database keeps nothing."
            )
        path = Path(path_text).expanduser()
        return DatabaseUrl("sqlite", f"sqlite+aiosqlite:///{path}", path)
    if separator and scheme in {"postgresql", "postgres"}:
        return DatabaseUrl("postgresql", "postgresql+asyncpg://", None, _server(f"postgresql://{rest}"))
    raise ConfigurationError(
        "DATABASE_URL must begin with sqlite:/// or postgresql://.",
        details={"setting": "DATABASE_URL", "scheme": scheme, "accepted": ["sqlite", "postgresql"]},
    )


def _server(url: str) -> ServerAddress:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    hosts = parts.netloc.rpartition("@")[2]
    if not (hosts or options.get("host")):
        raise _wrong("DATABASE_URL names no host; write postgresql://user:password@host:5432/name.")
    timeout_text = options.pop("connect_timeout", None)
    try:
        timeout_s = float(timeout_text) if timeout_text is not None else CONNECT_TIMEOUT_S
    except ValueError:
        timeout_s = -1.0
    # Zero means for ever to other programs; nothing here waits that long.
    if not 0 <= timeout_s <= 3600:
        raise _wrong("DATABASE_URL has a bad connect_timeout; write seconds, for example connect_timeout=5.")
    pooler = options.pop("pooler", None)
    if pooler not in {None, "transaction", "session"}:
        raise _wrong("DATABASE_URL has a bad pooler option; write pooler=transaction, or leave it out.")
    kept = {name: value for name, value in options.items() if name not in _LIBPQ_ONLY}
    kept.setdefault("application_name", "wipsie")
    database = parts.path.removeprefix("/") or options.get("dbname", "")
    return ServerAddress(
        dsn=parts._replace(query=urlencode(kept)).geturl(),
        shown=f"{hosts or options['host']}/{database}",
        connect_timeout_s=timeout_s or CONNECT_TIMEOUT_S,
        is_behind_pooler=pooler == "transaction",
    )


def _wrong(sentence: str) -> ConfigurationError:
    return ConfigurationError(sentence, details={"setting": "DATABASE_URL"})
