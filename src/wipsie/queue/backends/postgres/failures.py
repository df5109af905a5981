"""Which errors of the driver mean "the store cannot work now", and how callers are told."""

from __future__ import annotations

from wipsie.database.encryption import encryption_advice
from wipsie.database.failures import POSTGRES_GONE, postgres_state
from wipsie.database.urls import ServerAddress
from wipsie.kernel.errors import ConfigurationError, InvalidMessageContents, StorageUnavailable, WipsieError
from wipsie.queue.backends.postgres.driver import is_driver_error, wrong_option

RETRY_SOON_S = 1.0
RETRY_LATER_S = 5.0

TRY_AGAIN = frozenset({"40001", "40P01"})
"""Another transaction was in the way and this one was undone: it may be done again at once."""

_DEAD_BEFORE = ("cannot switch to state", "connection is closed")
"""How asyncpg says that the server ended an idle connection; the first while its farewell was read and its end was not."""
_SETTINGS_WRONG = {
    "28000": "the server refuses this user; check the user and the server's pg_hba.conf",
    "28P01": "the server refuses this user and password; check them",
    "3D000": "there is no database of this name on the server; create it or check the name",
    "42501": "this user lacks a right; grant it CREATE on the database, or create the schema for it",
}
_ADVICE = {
    "25006": "the server takes no writes: it is a standby, or was made one",
    "42P01": "a table of the queues is missing; restart Wipsie to create it",
    "42883": "a function of the queues is missing; restart Wipsie to create it",
    "3F000": "the schema of the queues is missing; restart Wipsie to create it",
    "53100": "the server's disk is full; free some space there",
    "53200": "the server has no memory left; give it more",
    "53300": "the server takes no more connections; raise its max_connections",
    "57014": "a statement took too long and was cancelled",
    "57P01": "the server is shutting down or ended the connection",
    "57P02": "the server crashed; it recovers by itself",
    "57P03": "the server is starting up",
    "58030": "the server's disk reports an error; check it",
}
_LATER = frozenset({"25006", "53100", "53200", "58030"})
_DONE_FOR = POSTGRES_GONE | {"25006", "57P03"}
"""The connection is of no use after these."""


def unreachable(server: ServerAddress, error: Exception) -> WipsieError:
    """Why connecting failed: ConfigurationError where only a change of settings helps, else StorageUnavailable."""
    state = postgres_state(error) or ""
    if state in _SETTINGS_WRONG:
        return ConfigurationError(
            f"QUEUE_URL: {_SETTINGS_WRONG[state]} ({server.shown}).",
            details={"setting": "QUEUE_URL", "sqlstate": state},
        )
    advice = encryption_advice(error, server.dsn) or wrong_option(error)
    if advice is not None:
        return ConfigurationError(
            f"QUEUE_URL: {advice} ({server.shown}).",
            details={"setting": "QUEUE_URL", "address": server.shown, "cause": type(error).__name__},
        )
    if isinstance(error, TimeoutError):
        reason = f"it does not answer within {server.connect_timeout_s:g} s"
    else:
        reason = _ADVICE.get(state) or str(error) or type(error).__name__
    return StorageUnavailable(
        f"The queue database {server.shown} cannot be reached ({reason}); see that it runs, or check QUEUE_URL.",
        details={"address": server.shown, "cause": type(error).__name__},
        retry_after_s=RETRY_SOON_S,
    )


def is_data_error(error: BaseException) -> bool:
    """Whether the values of the call were wrong, found by the driver (ValueError) or the server."""
    state = postgres_state(error)
    return isinstance(error, ValueError) or (state is not None and state[:2] in {"22", "54"})


def was_not_sent(error: BaseException) -> bool:
    """Whether the connection was found dead before anything of the call went out: another connection may do it."""
    return is_driver_error(error) and postgres_state(error) is None and any(text in str(error) for text in _DEAD_BEFORE)


def ends_session(error: BaseException) -> bool:
    """Whether the connection must not be used again."""
    if is_data_error(error):
        return False
    state = postgres_state(error)
    return state is None or state in _DONE_FOR or state.startswith("08")


def _may_be_done(state: str | None) -> bool:
    """Whether the call may have been committed although it failed: the connection went before the answer came."""
    return state is None or state in POSTGRES_GONE or state.startswith("08")


def storage_error(error: BaseException) -> WipsieError | None:
    """What callers hear when a call failed for a reason of the store or of its values; None for other errors."""
    if isinstance(error, WipsieError):
        return error
    if is_data_error(error):
        return InvalidMessageContents(
            "The text holds characters that PostgreSQL cannot store, such as NUL; encode it, for example as base64.",
            details={"cause": str(error)[:200]},
        )
    if not is_driver_error(error):
        return None
    state = postgres_state(error)
    details: dict[str, object] = {"cause": type(error).__name__}
    if state is not None:
        details["sqlstate"] = state
    if _may_be_done(state):
        details["outcome"] = "unknown"
        reason = "does not answer" if isinstance(error, TimeoutError) else "was lost during the call"
        sentence = f"The queue database {reason}; whether the call was done is not known. Try again."
    else:
        advice = _ADVICE.get(state or "", f"the server reports: {error}")
        sentence = f"Queue database: {advice}; nothing was stored. Try again."
    failure = StorageUnavailable(
        sentence, details=details, retry_after_s=RETRY_LATER_S if state in _LATER else RETRY_SOON_S
    )
    failure.__cause__ = error
    return failure
