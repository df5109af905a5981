"""The wait inside `receive`: look, and with nothing found sleep until something may be there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.waiters import RECHECK_S, Waiters
from wipsie.queue.contract import Delivery

Look = Callable[[], Awaitable[tuple[list[Delivery], int | None]]]
"""Claims what is ready: (deliveries, with none: when the next delay or lease ends, in ms, or None)."""


async def receive_or_wait(
    look: Look,
    *,
    waiters: Waiters,
    clock: Clock,
    now_ms: Callable[[], int],
    queue: QueueName,
    wait_s: float,
    is_stopping: Callable[[], bool],
) -> list[Delivery]:
    """Look until something is found, `wait_s` passed or the backend stops. `now_ms` is the time that due times are told
    in, `clock` the one that waits."""
    deadline = clock.monotonic() + wait_s
    while True:
        signal = waiters.signal(queue)
        deliveries, next_due_ms = await look()
        remaining_s = deadline - clock.monotonic()
        if deliveries or remaining_s <= 0 or is_stopping():
            return deliveries
        look_again_s = min(remaining_s, RECHECK_S)
        if next_due_ms is not None:
            # Not above zero when it fell due meanwhile: then the next look makes it ready, without a wait.
            look_again_s = min(look_again_s, (next_due_ms - now_ms()) / 1000)
        await waiters.wait(queue, signal, look_again_s)
        if is_stopping():
            return []
