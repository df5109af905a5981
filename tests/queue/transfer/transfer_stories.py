"""Random lives of messages, so that a move finds every mix of states; and the end of a process at any moment."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, cast

import msgspec
from hypothesis import strategies as st

from wipsie.kernel.errors import StorageUnavailable
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.contract import (
    AttemptRecord,
    Attribute,
    Capabilities,
    DeadLetterCause,
    DeadLetterOrder,
    NewMessage,
    Priority,
    QueueBackend,
    QueueSettings,
    VisibilityChange,
)
from wipsie.testing.clock import FakeClock

PLAIN, KEYED, LINE = QueueName("move-plain"), QueueName("move-keyed"), QueueName("move-line.fifo")
DEAD, LINE_DEAD = QueueName("move-dead"), QueueName("move-line-dead.fifo")
QUEUES = (
    QueueSettings(name=DEAD, retention_s=14 * 24 * 3600),
    QueueSettings(name=LINE_DEAD, fifo=True),
    QueueSettings(name=PLAIN, dead_letter_queue=DEAD, delay_s=5.0, tags={"team": "north"}, max_messages=1000),
    QueueSettings(name=KEYED, dead_letter_queue=DEAD, key_concurrency=2, content_based_deduplication=True),
    QueueSettings(name=LINE, dead_letter_queue=LINE_DEAD, fifo=True, aging_s=5.0),
)
LEASE_S = 30.0
_CAUSE = DeadLetterCause(
    code="REJECTED",
    reason="ValueError: no such column",
    traceback="Traceback …",
    worker="w-1",
    attempts=(AttemptRecord(attempt=1, started_at_ms=1, finished_at_ms=2, worker="w-1", error="no such column"),),
)

_WORK = st.sampled_from([PLAIN, KEYED, LINE])
_SEND = st.fixed_dictionaries(
    {
        "queue": _WORK,
        "body": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20),
        "priority": st.sampled_from(Priority),
        "group_id": st.sampled_from(["a", "b"]),
        "delay_s": st.sampled_from([None, 0.0, 20.0, 100_000.0]),
        "deduplication_id": st.sampled_from([None, None, "once", "1"]),
        "attributes": st.sampled_from(
            [None, {"n": Attribute("7", "Number.int"), "é": Attribute("aGk=", "Binary")}],
        ),
    }
)
_LATE = st.fixed_dictionaries({"queue": st.just(DEAD), "body": st.just("late"), "origin": st.just(PLAIN)})
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), _SEND),
        st.tuples(st.just("send"), _SEND),
        st.tuples(st.just("send"), _LATE),
        st.tuples(st.sampled_from(["delete", "release", "bury", "forget"]), _WORK),
        st.tuples(st.just("redrive"), st.sampled_from([DEAD, LINE_DEAD])),
        st.tuples(st.just("pass"), st.sampled_from([0.5, 15.0, 40.0])),
        st.tuples(st.just("pause"), _WORK),
    ),
    max_size=25,
)


async def live(backend: QueueBackend, clock: FakeClock, actions: list[tuple[str, Any]]) -> None:
    """Let the actions happen, then let every lease end."""
    for settings in QUEUES:
        await backend.create_queue(settings)
    for verb, what in actions:
        if verb == "send":
            await backend.send([NewMessage(message_id=new_message_id(), **what)])
        elif verb == "pass":
            clock.jump(what)
        elif verb == "redrive":
            await backend.redrive(what, limit=2)
        elif verb == "pause":
            settings = await backend.queue_settings(what)
            await backend.change_queue(_paused(settings))
        else:
            await _receive(backend, verb, what)
    clock.jump(LEASE_S)


async def _receive(backend: QueueBackend, verb: str, queue: QueueName) -> None:
    for one in await backend.receive(queue, max_messages=2, visibility_timeout_s=LEASE_S):
        if verb == "delete":
            await backend.delete([(queue, one.receipt)])
        elif verb == "release":
            await backend.change_visibility([VisibilityChange(queue, one.receipt, 3600.0, release=True)])
        elif verb == "bury":
            await backend.dead_letter([DeadLetterOrder(queue, one.receipt, _CAUSE)])


def _paused(settings: QueueSettings) -> QueueSettings:
    return msgspec.structs.replace(settings, paused=True)


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Fate:
    """When the process ends: at this call of a store, before it or after it is done. Nothing happens afterwards."""

    moment: int

    def strike(self) -> None:
        self.moment -= 1
        if self.moment < 0:
            raise Killed


@dataclass
class Weather:
    """At these calls the store cannot be reached: before the call is carried out, or after it, and nobody knows which."""

    storms: frozenset[int]
    calls: int = 0

    def strike(self) -> None:
        self.calls += 1
        if self.calls in self.storms:
            raise StorageUnavailable("The line is down; try again.", retry_after_s=1)


class Strikes(Protocol):
    """Something that ends calls."""

    def strike(self) -> None: ...


class _Struck:
    def __init__(self, backend: QueueBackend, strikes: Strikes) -> None:
        self.backend = backend
        self.strikes = strikes

    @property
    def capabilities(self) -> Capabilities:
        return self.backend.capabilities

    async def start(self) -> None:
        await self.backend.start()

    async def stop(self) -> None:
        await self.backend.stop()


def _strike(verb: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def call(self: _Struck, *arguments: Any, **options: Any) -> Any:
        self.strikes.strike()
        result = await getattr(self.backend, verb)(*arguments, **options)
        self.strikes.strike()
        return result

    return call


for _verb in (
    *("create_queue", "change_queue", "queue_settings", "list_queues", "send", "receive", "delete", "counts", "peek"),
    *("adopt", "adopted", "remove"),
):
    setattr(_Struck, _verb, _strike(_verb))


def struck(backend: QueueBackend, strikes: Strikes) -> QueueBackend:
    """A store whose calls may end before they are carried out, or after, without an answer."""
    return cast("QueueBackend", _Struck(backend, strikes))


def plain(backend: QueueBackend, **capabilities: Any) -> QueueBackend:
    """The same store with the verbs of the contract alone, as one that cannot look without receiving; some of its
    capabilities may be left unused."""
    return cast("QueueBackend", _Plain(backend, msgspec.structs.replace(backend.capabilities, **capabilities)))


class _Plain:
    def __init__(self, backend: QueueBackend, capabilities: Capabilities) -> None:
        self._backend = backend
        self.capabilities = capabilities

    def __getattr__(self, verb: str) -> Any:
        if not hasattr(QueueBackend, verb):
            raise AttributeError(verb)
        return getattr(self._backend, verb)
