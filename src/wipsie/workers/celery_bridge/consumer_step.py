"""The step of Celery's consumer that takes plain messages: kombu brings them, the pool runs them.

One message in Celery's main process::

    fetched ─► waiting ─► in the pool ─► ended: kombu may fetch another
                 │  ▲
                 │  └── its lease is extended
                 ├── its lease was lost ──► forgotten: it comes again by itself
                 └── the worker stops ────► given back

As many are in the pool as it runs at a time. A message there is settled there, whatever becomes of the connection here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from celery import bootsteps
from celery.worker import state
from kombu import common
from kombu.entity import Queue
from kombu.message import Message
from kombu.messaging import Consumer

from wipsie.kernel import json
from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import QueueName
from wipsie.telemetry.logging import get_logger
from wipsie.workers.celery_bridge.names import task_of
from wipsie.workers.celery_bridge.received import Received
from wipsie.workers.celery_bridge.tasks import arguments_of
from wipsie.workers.celery_bridge.transport import CONTENT_TYPE

_JSON = "application/json"
_KEEP_INTERVAL_S = 1.0
_POOLS = ("prefork", "solo", "thread")
_log = get_logger(__name__)


class Waiting:
    """One message in this process, until its task has ended."""

    __slots__ = ("channel", "queue", "received")

    def __init__(self, queue: str, received: Received, channel: Any) -> None:
        """`queue`: short name. `channel`: the one it came by, which counts it."""
        self.queue = queue
        self.received = received
        self.channel = channel

    @property
    def handle(self) -> str:
        return self.received.message["ReceiptHandle"]


_ConsumerStep: Any = bootsteps.ConsumerStep
_common: Any = common
"""A library without types."""


class PlainMessages(_ConsumerStep):
    """Set up by `configure`, made by Celery."""

    # After the tasks are known.
    requires = ("celery.worker.consumer.tasks:Tasks",)
    queues: Mapping[str, QueueName] = {}
    """By short name, the queues of this worker."""
    clock: Clock

    def __init__(self, parent: Any, **options: Any) -> None:
        """SystemExit for a pool that has no place for an event loop of Wipsie's."""
        _ConsumerStep.__init__(self, parent, **options)
        pool = type(parent.pool).__module__.rpartition(".")[2]
        if pool not in _POOLS:
            raise SystemExit(f"The pool {pool} cannot run Wipsie's handlers; use --pool prefork, solo or threads.")
        # Names given with -Q; Celery itself consumes nothing, so that these are ours alone.
        chosen = list(parent.app.amqp.queues.consume_from)
        parent.app.amqp.queues.deselect(list(self.queues))
        self._chosen = {queue: stored for queue, stored in self.queues.items() if queue in chosen}
        self._parent = parent
        self._hub: Any = parent.hub
        self._waiting: deque[Waiting] = deque()
        self._running: set[Waiting] = set()
        self._channel: Any = None
        self._keeping: Any = None
        # Its processes have begun already, or will begin with the first message.
        self.at_a_time(1 if pool == "solo" else parent.pool.limit, in_this_process=pool != "prefork")

    def at_a_time(self, places: int, *, in_this_process: bool) -> None:
        """Told how many messages the pool runs at a time, and whether in this very process."""

    # ----------------------------------------------------------------------------------------- what Celery calls

    def start(self, c: Any) -> None:
        """Begin to fetch; called again after each lost connection."""
        if c.hub is None:
            raise SystemExit("The bridge needs Celery's event loop, which this platform or pool does not have.")
        self._hub = c.hub
        _ConsumerStep.start(self, c)
        self._keeping = self._hub.call_repeatedly(_KEEP_INTERVAL_S, self._keep_leases)
        _log.info("celery_bridge_started", queues=list(self._chosen), at_a_time=self._places)

    def stop(self, c: Any) -> None:
        """Fetch nothing more. When the worker ends, give back what has not started."""
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None
        if state.should_stop is not None or state.should_terminate is not None:
            for consumer in self.consumers or ():
                _common.ignore_errors(c.connection, consumer.cancel)
            if self._channel is not None:
                # First, or they would fetch again what is given back.
                self._channel.stop_fetching()
            self._give_back()
        _ConsumerStep.stop(self, c)

    def shutdown(self, c: Any) -> None:
        """As `stop`, on Celery's other ways out."""
        self.stop(c)

    def get_consumers(self, channel: Any) -> list[Consumer]:
        """One, for all queues."""
        self._channel = channel
        try:
            for stored in self._chosen.values():
                channel.lease_s_of(stored)
        except ClientError as error:
            raise SystemExit(f"The broker at {channel.endpoint_url or 'Amazon SQS'} refuses: {error}") from None
        short_of = {stored: queue for queue, stored in self._chosen.items()}

        def on_message(message: Any) -> None:
            stored = QueueName(message.delivery_info["routing_key"])
            self._take(short_of[stored], stored, message.delivery_info["sqs_message"], channel)

        return [
            Consumer(
                channel,
                queues=[Queue(stored, no_declare=True) for stored in self._chosen.values()],
                on_message=on_message,
                accept=[CONTENT_TYPE],
                auto_declare=False,
                prefetch_count=max(1, self._places * self._parent.controller.prefetch_multiplier),
            )
        ]

    # ------------------------------------------------------------------------------------------------------- inside

    @property
    def _places(self) -> int:
        """How many messages the pool runs at a time."""
        pool = self._parent.pool
        return 1 if type(pool).__module__.endswith(".solo") else pool.num_processes

    def _take(self, queue: str, stored: QueueName, message: dict[str, Any], channel: Any) -> None:
        received = Received(
            queue=stored, message=message, leased_at_ms=self.clock.now_ms(), lease_s=channel.lease_s_of(stored)
        )
        self._waiting.append(Waiting(queue, received, channel))
        # Not from within kombu's callback: a pool without processes would run it right here.
        self._hub.call_soon(self._fill)

    def _fill(self) -> None:
        while self._waiting and len(self._running) < self._places and state.should_stop is None:
            one = self._waiting.popleft()
            if one.received.lease_until_ms <= self.clock.now_ms():
                # Somebody else may have it by now.
                _log.warning("lease_ended_while_waiting", queue=one.queue)
                self._forget(one)
                continue
            self._running.add(one)
            try:
                self._hand_over(one)
            except Exception:
                self._running.discard(one)
                self._forget(one)
                raise

    def _hand_over(self, one: Waiting) -> None:
        name = task_of(one.queue)
        task_id = str(one.received.message["MessageId"])
        message = Message(
            body=json.encode([[], arguments_of(one.received), {}]),
            content_type=_JSON,
            content_encoding="utf-8",
            headers={
                "task": name,
                "id": task_id,
                "root_id": task_id,
                "lang": "py",
                # Of the body only Wipsie's own redacting log may speak.
                "argsrepr": "()",
                "kwargsrepr": "{…}",
                "ignore_result": True,
            },
            properties={},
            delivery_info={"routing_key": one.received.queue, "exchange": ""},
            accept={_JSON},
        )

        def ended(*_: Any, **__: Any) -> None:
            # A pool of threads says so from one of them.
            self._hub.call_soon(self._ended, one)

        self._parent.strategies[name](message, None, ended, ended, [])

    def _ended(self, one: Waiting) -> None:
        self._running.discard(one)
        self._forget(one)
        self._fill()

    def _forget(self, one: Waiting) -> None:
        one.channel.forget(one.handle)

    def _keep_leases(self) -> None:
        """Extend the leases of those that wait, once half is gone."""
        now_ms = self.clock.now_ms()
        for one in list(self._waiting):
            received = one.received
            if received.lease_until_ms - now_ms > received.lease_s * 500:
                continue
            try:
                self._channel.change_lease(received.queue, one.handle, received.lease_s)
            except Exception as error:
                # Gone, or the server is away: the end of the lease decides.
                _log.warning("waiting_lease_not_extended", queue=one.queue, error=str(error))
                return
            received.leased_at_ms = now_ms

    def _give_back(self) -> None:
        returned = 0
        while self._waiting:
            one = self._waiting.popleft()
            try:
                self._channel.change_lease(one.received.queue, one.handle, 0)
                returned += 1
            except Exception as error:
                _log.warning("waiting_message_not_given_back", queue=one.queue, error=str(error))
            self._forget(one)
        _log.info("celery_bridge_stops", returned=returned, running=len(self._running))
