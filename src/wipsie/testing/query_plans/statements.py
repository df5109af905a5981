"""Queries to be explained: built with SQLAlchemy, or caught on their way to the database."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable, event
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.sql import ClauseElement


@dataclass(frozen=True)
class SentSelect:
    """A query in the words of one database."""

    sql: str
    parameters: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.sql}\n  with {self.parameters!r}"


@contextmanager
def sent_selects() -> Generator[list[SentSelect]]:
    """Collect the queries that are sent in the block, by whatever code, in the order they are sent. Of this thread: keep
    other work of its event loop out of the block."""
    sent: list[SentSelect] = []
    thread = threading.get_ident()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if threading.get_ident() == thread and statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append(SentSelect(statement, tuple(parameters)))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def as_sent(statement: Executable | SentSelect, dialect: Dialect) -> SentSelect:
    """A statement as it would be sent."""
    if isinstance(statement, SentSelect):
        return statement
    if not isinstance(statement, ClauseElement):
        raise TypeError("Give a statement made with select(), or one that sent_selects caught.")
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    values: Mapping[str, Any] = dict(compiled.params or {})
    binds: Mapping[str, Any] = getattr(compiled, "binds", {})
    names: list[str] = getattr(compiled, "positiontup", None) or []
    parameters: list[Any] = []
    for name in names:
        bind = binds.get(name)
        process = None if bind is None else bind.type.dialect_impl(dialect).bind_processor(dialect)
        parameters.append(values[name] if process is None else process(values[name]))
    return SentSelect(str(compiled), tuple(parameters))
