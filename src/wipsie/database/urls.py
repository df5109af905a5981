"""Database URLs as people write them, and what they mean; free of heavy imports, so that cheap checks stay cheap."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from wipsie.kernel.errors import ConfigurationError


class DatabaseUrl(msgspec.Struct, frozen=True):
    """A checked database URL."""

    dialect: str
    """``sqlite`` or ``postgresql``."""
    driver_url: str
    """The same place for SQLAlchemy's async driver."""
    path: Path | None
    """The file of a SQLite database, None for a server."""


def parse_database_url(url: str) -> DatabaseUrl:
    """Read ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``postgresql://user:password@host/name``.

    ConfigurationError for anything else. An in-memory SQLite database is refused: readers and the writer are separate
    connections, and it would forget everything.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.partition("+")[0].lower()
    if separator and scheme == "sqlite":
        # One slash ends the (empty) host; what follows is the path, as SQLAlchemy writes it.
        path_text = unquote(rest.partition("?")[0]).removeprefix("/")
        if not path_text or ":memory:" in path_text or rest[:1] != "/":
            raise ConfigurationError(
                "DATABASE_URL must name a file, for example sqlite:///data/wipsie.db; an in-memory database keeps nothing.",
                details={"setting": "DATABASE_URL"},
            )
        path = Path(path_text).expanduser()
        return DatabaseUrl("sqlite", f"sqlite+aiosqlite:///{path}", path)
    if separator and scheme in {"postgresql", "postgres"}:
        if not urlsplit(url).hostname:
            raise ConfigurationError(
                "DATABASE_URL names no host; write postgresql://user:password@host:5432/name.",
                details={"setting": "DATABASE_URL"},
            )
        return DatabaseUrl("postgresql", f"postgresql+asyncpg://{rest}", None)
    raise ConfigurationError(
        "DATABASE_URL must begin with sqlite:/// or postgresql://.",
        details={"setting": "DATABASE_URL", "scheme": scheme, "accepted": ["sqlite", "postgresql"]},
    )
