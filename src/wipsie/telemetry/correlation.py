"""The ids that tie a log line to its request: set once at the edge, read by every log line below it.

One context variable holds both ids, so that setting and resetting them costs a fraction of a microsecond.
"""

from __future__ import annotations

from contextvars import ContextVar, Token

Ids = tuple[str | None, str | None]
"""(request id, correlation id)."""

IdsToken = Token[Ids]

_NO_IDS: Ids = (None, None)

current: ContextVar[Ids] = ContextVar("wipsie_ids", default=_NO_IDS)
"""The ids of the request or message being worked on."""


def set_ids(request_id: str | None = None, correlation_id: str | None = None) -> IdsToken:
    """Make these the ids of the running task and of what it starts; give the token that `reset` takes."""
    return current.set((request_id, correlation_id))


def reset(token: IdsToken) -> None:
    """Restore the ids that were set before the token was given."""
    current.reset(token)


def request_id() -> str | None:
    """Id of the HTTP request being answered, None outside of one."""
    return current.get()[0]


def correlation_id() -> str | None:
    """Id that follows a piece of work from the request through the queue into the handler, None when nobody set one."""
    return current.get()[1]
