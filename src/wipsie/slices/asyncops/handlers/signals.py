"""The queue edge of word from the pipelines."""

from __future__ import annotations

import msgspec

from wipsie.queue.message import StandardMessage
from wipsie.queue.operations_signal import OPERATIONS_QUEUE, SIGNAL_TASK_TYPE, OperationsSignal
from wipsie.slices.asyncops.service.signals import Signals
from wipsie.slices.asyncops.store.incidents import INCIDENTS
from wipsie.workers.handler import HandlerSpec, TaskContext

NAME = "asyncops.signals"


class SignalResult(msgspec.Struct, kw_only=True):
    """What became of a signal; filed as the task's result."""

    incident: str | None
    """Its number, when there is one now."""
    status: str


class SignalHandler:
    """`operations_signal`."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals

    async def take_operations_signal(
        self, message: StandardMessage[OperationsSignal], context: TaskContext
    ) -> SignalResult:
        """Once for each message, however often it is delivered."""
        async with context.unit_of_work() as unit:
            if not await unit.mark_handled(context.delivery.message_id, NAME):
                return SignalResult(incident=None, status="handled before")
            incident = await self._signals.take(unit, message.data)
        if incident is None:
            return SignalResult(incident=None, status="nothing open")
        return SignalResult(incident=INCIDENTS.kind.number_text(incident.number), status=incident.status)


def signal_handler(signals: Signals) -> HandlerSpec:
    """The handler of the message."""
    return HandlerSpec(
        task_type=SIGNAL_TASK_TYPE,
        queue=OPERATIONS_QUEUE,
        function=SignalHandler(signals).take_operations_signal,
        data_type=OperationsSignal,
        timeout_s=60.0,
    )
