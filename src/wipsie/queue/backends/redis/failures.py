"""What goes wrong with Redis, in words a person understands."""

from __future__ import annotations

from typing import cast

from redis.exceptions import (
    AskError,
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from wipsie.kernel.errors import ConfigurationError, StorageUnavailable, WipsieError

UNKNOWN_OUTCOME = "it is not known whether the call was carried out. Try again."
_BY_FIRST_WORD = {
    "MISCONF": ("Redis cannot save to its disk and refuses to write; nothing was stored. Look into its log.", 10.0),
    "BUSY": ("Redis is busy with a script that runs too long; nothing was stored. Try again.", 2.0),
    "NOREPLICAS": ("Redis has too few replicas to write; nothing was stored. Try again.", 5.0),
    "LOADING": ("Redis has just started and still reads its data; nothing was stored. Try again.", 2.0),
    "READONLY": ("This Redis is a read-only replica, as after a failover; nothing was stored. Try again.", 2.0),
    "OOM": (
        "Redis is out of memory; nothing was stored. Process messages, or raise its maxmemory, and try again.",
        5.0,
    ),
}
_REFUSALS = (AuthenticationError, AuthorizationError, NoPermissionError)


def not_reached(address: str, error: Exception, *, is_secure: bool = False) -> WipsieError:
    """No connection could be made: nothing was asked, so nothing happened. `address` names the place without secrets."""
    if isinstance(error, _REFUSALS):
        return _unavailable(f"Redis at {address} refuses our login; check user and password in QUEUE_URL.", error, 5.0)
    if isinstance(error, BusyLoadingError):
        return _unavailable(_BY_FIRST_WORD["LOADING"][0], error, 2.0)
    if isinstance(error, RedisTimeoutError | TimeoutError):
        # Redis waits for the rest of a command when it speaks no TLS and is greeted in it.
        hint = " Where it speaks no TLS, QUEUE_URL begins with redis://." if is_secure else ""
        return _unavailable(f"Redis at {address} does not answer; nothing was stored. Try again.{hint}", error, 2.0)
    if isinstance(error.__context__, ConnectionResetError | BrokenPipeError) or "closed by server" in str(error):
        hint = (
            " It may want another certificate of its clients: ssl_certfile and ssl_keyfile in QUEUE_URL."
            if is_secure
            else " Where it speaks TLS, QUEUE_URL begins with rediss://."
        )
        return _unavailable(f"Redis at {address} hangs up on us; nothing was stored. Try again.{hint}", error, 2.0)
    return _unavailable(
        f"Redis at {address} cannot be reached; nothing was stored. Start it, or correct QUEUE_URL.", error, 2.0
    )


def failed_call(address: str, error: Exception) -> WipsieError:
    """A command was sent and did not give its answer."""
    if isinstance(error, BusyLoadingError):
        return _unavailable(_BY_FIRST_WORD["LOADING"][0], error, 2.0)
    if isinstance(error, RedisTimeoutError | TimeoutError):
        return _unavailable(f"Redis at {address} did not answer in time; {UNKNOWN_OUTCOME}", error, 2.0)
    if isinstance(error, _REFUSALS):
        return _unavailable(
            f"Redis at {address} refuses a command for lack of rights; nothing was stored. Check the user of QUEUE_URL.",
            error,
            5.0,
        )
    if isinstance(error, RedisConnectionError | OSError):
        return _unavailable(f"The connection to Redis at {address} was lost; {UNKNOWN_OUTCOME}", error, 1.0)
    if (sentence := _of_a_cluster(address, error)) is not None:
        return _unavailable(sentence, error, 5.0)
    if isinstance(error, OutOfMemoryError):
        return _unavailable(*_named("OOM", error))
    if isinstance(error, ReadOnlyError):
        return _unavailable(*_named("READONLY", error))
    if isinstance(error, ResponseError) and (word := _first_word(str(error))) in _BY_FIRST_WORD:
        return _unavailable(*_named(word, error))
    return _unavailable(f"Redis at {address} refused a command ({str(error)[:200]}); nothing was stored.", error, 5.0)


def _of_a_cluster(address: str, error: Exception) -> str | None:
    """What a node of a cluster has against a command; None for an error of another kind."""
    if isinstance(error, MovedError):
        # An empty host means the one that was asked.
        host = cast("str", error.host)
        holder = f"{host or address.rpartition(':')[0]}:{error.port}"
        return (
            f"Redis at {address} is a node of a cluster and does not hold the queues, {holder} does; nothing was stored. "
            "Name that node in QUEUE_URL, or a proxy that finds it."
        )
    if isinstance(error, AskError | TryAgainError):
        return "The Redis cluster is moving the queues to another node; nothing was stored. Try again."
    if isinstance(error, MasterDownError):
        return "This Redis is a replica that has lost its master; nothing was stored. Try again."
    if isinstance(error, ClusterDownError):
        if "not served" in str(error):
            return (
                f"No node of the Redis cluster at {address} holds the queues (their hash slot is not served); nothing was "
                "stored. Give every slot of the cluster a node, and try again."
            )
        return f"The Redis cluster at {address} is down; nothing was stored. Look into its nodes, and try again."
    return None


def certificates_wrong(sentence: str, *, at_start: bool) -> WipsieError:
    """No connection could be made because of certificates. At the start a setting is wrong; later a certificate may have
    ended, and the next try may find its successor."""
    if at_start:
        return ConfigurationError(sentence, details={"setting": "QUEUE_URL"})
    return StorageUnavailable(f"{sentence} Nothing was stored.", details={"cause": "SSLError"}, retry_after_s=5.0)


def refused_at_start(address: str, error: Exception) -> WipsieError | None:
    """What trying again cannot heal, None for everything else."""
    if isinstance(error, AuthenticationError | AuthorizationError):
        return ConfigurationError(
            f"Redis at {address} refuses the login; correct user and password in QUEUE_URL.",
            details={"setting": "QUEUE_URL"},
        )
    if isinstance(error, NoPermissionError):
        return ConfigurationError(
            f"The Redis user of QUEUE_URL at {address} lacks rights ({error}); it needs scripts, its own keys and "
            "channels.",
            details={"setting": "QUEUE_URL"},
        )
    if isinstance(error, ResponseError) and "DB index" in str(error):
        return ConfigurationError(
            f"Redis at {address} has no database of that number; correct the path of QUEUE_URL.",
            details={"setting": "QUEUE_URL"},
        )
    if isinstance(error, ResponseError) and "SELECT is not allowed in cluster mode" in str(error):
        return ConfigurationError(
            f"Redis at {address} is a node of a cluster, which has database 0 only; end QUEUE_URL with /0.",
            details={"setting": "QUEUE_URL"},
        )
    return None


def _first_word(text: str) -> str:
    return text.partition(" ")[0]


def _named(word: str, error: Exception) -> tuple[str, Exception, float]:
    sentence, retry_after_s = _BY_FIRST_WORD[word]
    return sentence, error, retry_after_s


def _unavailable(sentence: str, error: Exception, retry_after_s: float) -> StorageUnavailable:
    failure = StorageUnavailable(sentence, details={"cause": type(error).__name__}, retry_after_s=retry_after_s)
    failure.__cause__ = error
    return failure
