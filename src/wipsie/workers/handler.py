"""What a handler is: an async function of a typed message and a context, registered by task type.

A handler returns a JSON-serialisable result, raises `Retry(after_s=…)`, `Reject(reason)`, or anything else, which is
retried by policy and then dead-lettered with its traceback. It may run again after a crash: use
`context.unit_of_work()` to make its writes and the mark "this message is handled" one commit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import msgspec

from wipsie.database.unit_of_work import UnitOfWork
from wipsie.kernel.errors import ConfigurationError
from wipsie.queue.contract import Delivery
from wipsie.queue.message import StandardMessage
from wipsie.workers.retry_policy import RetryPolicy

ResultT = TypeVar("ResultT")


class Retry(Exception):
    """Try again after `after_s` seconds; without it, by the retry policy. Counts as an attempt unless `counted` is False."""

    def __init__(self, reason: str = "", *, after_s: float | None = None, counted: bool = True) -> None:
        super().__init__(reason or "handler asked for a retry")
        self.after_s = after_s
        self.counted = counted


class Reject(Exception):
    """This message can never succeed: dead-letter it now, with `reason`."""

    def __init__(self, reason: str, *, code: str = "REJECTED") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class RateLimit(msgspec.Struct, frozen=True):
    """At most `count` starts per `period_s` seconds in one worker, evenly spaced, so that it holds in every window."""

    count: int
    period_s: float = 1.0


class HandlerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One registered handler and how it wants to be run."""

    task_type: str
    queue: str
    """Short name of the queue it serves."""
    function: Callable[[StandardMessage[Any], Any], Awaitable[Any]]
    data_type: Any = dict
    """A msgspec Struct (checked before the handler runs, and when the message is sent), or `dict`."""
    timeout_s: float = 300.0
    retry: RetryPolicy | None = None
    """None takes the policy of the queue (`WorkerSettings.retry_of`)."""
    concurrency: int | None = None
    """At most this many of this handler at once in one worker; None leaves it to the queue."""
    concurrency_key: Callable[[StandardMessage[Any]], str | None] | None = None
    """Messages with an equal key never run at the same time in one worker; across workers use the queue's `key_concurrency`."""
    rate_limit: RateLimit | None = None
    is_fallback: bool = False
    """Also takes messages of its queue whose task type nobody registered."""
    reads_body: bool = False
    """Takes every message of its queue as it is and reads `context.delivery.body` itself; what it gets as the message has the
    ids and no data. For queues whose bodies are not standard messages. The only handler of its queue."""


class HandlerRegistry:
    """Handlers by queue and task type. A plain object: `app` builds one from the slices."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str], HandlerSpec] = {}
        self._by_type: dict[str, HandlerSpec] = {}
        self._fallbacks: dict[str, HandlerSpec] = {}

    def add(self, spec: HandlerSpec) -> None:
        """Register a handler. ConfigurationError when its place is taken."""
        key = (spec.queue, spec.task_type)
        if key in self._by_key:
            raise ConfigurationError(
                f"Two handlers for task type '{spec.task_type}' in queue '{spec.queue}'; remove one."
            )
        if spec.is_fallback and spec.queue in self._fallbacks:
            raise ConfigurationError(f"Two fallback handlers for queue '{spec.queue}'; keep one.")
        neighbours = [other for (queue, _), other in self._by_key.items() if queue == spec.queue]
        if neighbours and any(one.reads_body for one in (spec, *neighbours)):
            raise ConfigurationError(f"A handler of queue '{spec.queue}' reads all its bodies; remove the others.")
        self._by_key[key] = spec
        self._by_type.setdefault(spec.task_type, spec)
        if spec.is_fallback:
            self._fallbacks[spec.queue] = spec

    def find(self, queue: str, task_type: str) -> HandlerSpec | None:
        """The handler for a message of `task_type` in `queue` (short name), the queue's fallback, or None."""
        return self._by_key.get((queue, task_type)) or self._fallbacks.get(queue)

    def find_by_type(self, task_type: str) -> HandlerSpec | None:
        """The first handler registered for a task type, whatever its queue; used to check messages when they are sent."""
        return self._by_type.get(task_type)

    @property
    def queues(self) -> tuple[str, ...]:
        """Short names of all queues that have a handler, in order of registration."""
        return tuple(dict.fromkeys(queue for queue, _ in self._by_key))

    @property
    def specs(self) -> Mapping[tuple[str, str], HandlerSpec]:
        return self._by_key


class TaskServices:
    """Shared means of all handlers of one worker: the process pool and the database. Built by the worker."""

    def __init__(
        self,
        *,
        run_cpu: Callable[..., Awaitable[Any]],
        unit_of_work: Callable[[], AbstractAsyncContextManager[UnitOfWork]],
    ) -> None:
        self.run_cpu = run_cpu
        self.unit_of_work = unit_of_work


class TaskContext(msgspec.Struct, kw_only=True):
    """What a handler may know and use about the delivery it works on."""

    delivery: Delivery
    queue: str
    """Short queue name."""
    attempt: int
    """1 on the first try."""
    worker: str
    correlation_id: str | None = None
    services: TaskServices

    def unit_of_work(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """One commit for what the handler writes and publishes::

            async with context.unit_of_work() as unit:
                if await unit.mark_handled(context.delivery.message_id, "bill_customer"):
                    await unit.connection.execute(…)
                    unit.publish(…)

        A message that is delivered again after a crash is then handled once.
        """
        return self.services.unit_of_work()

    async def run_cpu(self, function: Callable[..., ResultT], /, *args: Any, timeout_s: float | None = None) -> ResultT:
        """Run a module-level function in the process pool; TimeoutError when it takes longer, its process is ended then."""
        return await self.services.run_cpu(function, *args, timeout_s=timeout_s)
