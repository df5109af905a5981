"""The tasks of the bridge: what runs in Celery's pool for a message, and what other Celery code can call.

`process_task.delay({…})` sends its message as it is, as plain JSON, to the queue of the task; no call in Celery's protocol is
ever written. In the pool the same task gets a received message from the consumer step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
from celery import Celery, Task

from wipsie.kernel.clock import Clock
from wipsie.queue.message import complete
from wipsie.queue.names import QueueNames
from wipsie.workers.celery_bridge.names import QUEUE_OF_TASK, TASKS
from wipsie.workers.celery_bridge.pool_process import PoolProcess
from wipsie.workers.celery_bridge.received import Received

DELAY_S_MAX = 900
"""As long as Amazon SQS delays a message."""
_RECEIVED = "received"
_IGNORED = frozenset(
    {"task_id", "producer", "link", "link_error", "shadow", "headers", "ignore_result", "add_to_parent"}
)


class NotDone(Exception):
    """The message was not done: it comes again, or lies with the dead letters. Wipsie's own log and run log say why."""


class Sending(msgspec.Struct, kw_only=True):
    """What is needed to send: read from the settings when it is first used."""

    names: QueueNames
    clock: Clock


_Task: Any = Task
"""A library without types."""


class BridgeTask(_Task):
    """Runs received messages, and sends what it is called with."""

    abstract = True
    typing = False
    ignore_result = True
    acks_late = True
    # What is not done is settled already.
    acks_on_failure_or_timeout = True
    reject_on_worker_lost = False
    # A failed message is no surprise to the pool; its traceback is in Wipsie's log.
    throws = (NotDone,)
    name: str
    # Filled in by `add_tasks`.
    pool_process: Callable[[], PoolProcess]
    sending: Callable[[], Sending]

    def run(self, *args: Any, **named: Any) -> str:
        """Run a received message; NotDone when it is not done with. Celery calls this in the pool."""
        if args or set(named) != {_RECEIVED}:
            raise TypeError(f"Call {self.name}.delay(message): the message goes to its queue, and is run from there.")
        ending = self.pool_process().run(msgspec.convert(named[_RECEIVED], Received))
        if not ending.well:
            raise NotDone(ending.text)
        return ending.text

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        *,
        countdown: float | None = None,
        eta: datetime | None = None,
        queue: str | None = None,
        **options: Any,
    ) -> Any:
        """Send one message, a JSON object, to the queue of this task; gives a result that only has its `id`.

        `countdown` and `eta` delay it by up to 900 seconds. `queue` (short or stored name) is needed for `process_message`.
        TypeError for other arguments; ValueError for a longer delay."""
        if unknown := sorted(set(options) - _IGNORED):
            raise TypeError(f"{self.name} cannot be called with {unknown[0]}.")
        message = _only_message(self.name, args or (), kwargs or {})
        sending = self.sending()
        short = queue or QUEUE_OF_TASK.get(self.name)
        if short is None:
            raise TypeError(f"{self.name} serves many queues: name one with queue=….")
        stored = sending.names.stored(short)
        delay_s = _delay_s(countdown, eta, sending.clock)
        message_id, body = complete(
            message,
            queue=sending.names.short(stored),
            source="celery",
            now_s=sending.clock.now(),
            correlation_id=None,
        )
        app = self.app
        with app.pool.acquire(block=True) as connection:
            connection.default_channel.send_plain(stored, body, delay_s)
        return app.AsyncResult(message.get("id") or message_id)


def add_tasks(app: Celery, *, pool_process: Callable[[], PoolProcess], sending: Callable[[], Sending]) -> None:
    """Register the tasks under their names."""
    for name in TASKS:
        task = type(name, (BridgeTask,), {"name": name, "__doc__": _about(name), "__module__": __name__})()
        task.pool_process = pool_process
        task.sending = sending
        cast(Any, app).register_task(task)


def arguments_of(received: Received) -> dict[str, Any]:
    """The arguments with which a task runs a received message."""
    return {_RECEIVED: msgspec.to_builtins(received)}


def _about(name: str) -> str:
    queue = QUEUE_OF_TASK.get(name)
    return f"Messages of the queue {queue}." if queue else "Messages of all queues that have no task of their own."


def _only_message(task: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    values = [*args, *kwargs.values()]
    if len(values) != 1 or not set(kwargs) <= {"message"} or not isinstance(values[0], dict):
        raise TypeError(f"{task} takes one argument, the message: a JSON object.")
    return cast("dict[str, Any]", values[0])


def _delay_s(countdown: float | None, eta: datetime | None, clock: Clock) -> int:
    delay_s = countdown if countdown is not None else 0.0 if eta is None else eta.timestamp() - clock.now()
    if delay_s > DELAY_S_MAX:
        raise ValueError(
            f"A message is delayed by up to {DELAY_S_MAX} seconds, not {delay_s:.0f}; make a schedule for later."
        )
    return max(0, round(delay_s))
