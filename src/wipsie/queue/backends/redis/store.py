"""The queues of one namespace: runs scripts, tells waiting receivers what they changed, knows the queues there are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.lane import Lane
from wipsie.queue.backend_kit.refusals import queue_not_found
from wipsie.queue.backend_kit.server_time import ServerTime
from wipsie.queue.backend_kit.waiters import Waiters
from wipsie.queue.backends.redis.connection import RedisAddress, RedisLink
from wipsie.queue.backends.redis.layout import KnownQueue
from wipsie.queue.backends.redis.scripts import Script, Scripts
from wipsie.queue.contract import QueueSettings

Hints = list[Any]
"""Name, messages that became ready, next end of a delay or lease (-1: none): three entries per queue."""

_Call = tuple[Script, Sequence[Any]]

_settings_decoder = msgspec.json.Decoder(QueueSettings)


class RedisStore:
    """What all verbs share."""

    def __init__(self, address: RedisAddress, *, clock: Clock, namespace: str, follow_server_time: bool) -> None:
        self.prefix = f"{{{namespace}}}:"
        self.process = os.urandom(8).hex()
        """Our name among the processes that share the namespace."""
        self.is_listening = False
        """Whether we hear what other processes, and we ourselves, say on the channel of wake-ups."""
        self.address = address
        self.clock = clock
        self.time = ServerTime(clock, follow_server=follow_server_time)
        self.waiters = Waiters(clock)
        self.scripts = Scripts()
        self.link = RedisLink(address, self.prefix)
        """For all calls that are not frequent enough to have a link of their own."""
        self.calls: Lane[_Call, Any] = Lane(self._run_calls, name="rare-calls", waits_for="Redis", calls_max=1)
        """Calls that do not travel together, made here so that whoever asked may be cancelled."""
        self._known: dict[str, KnownQueue] = {}

    async def ask(self, script: Script, *arguments: Any) -> Any:
        """The plain answer of a script. StorageUnavailable."""
        return await self.calls.call((script, arguments))

    async def change(self, script: Script, *arguments: Any) -> Any:
        """The result of a script that changes queues, after waiting receivers were told. StorageUnavailable."""
        result, hints = await self.calls.call((script, arguments))
        self._tell(hints)
        return result

    async def run(self, link: RedisLink, script: Script, arguments: Iterable[Any], *, now_ms: int) -> Any:
        """The same as `change` on a link, for lanes. StorageUnavailable."""
        result, hints = await link.run(script, self._arguments(now_ms, arguments))
        self._tell(hints)
        return result

    async def _run_calls(self, calls: list[_Call]) -> list[Any]:
        return [
            await self.link.run(script, self._arguments(self.time.now_ms(), arguments)) for script, arguments in calls
        ]

    def _tell(self, hints: Hints) -> None:
        for place in range(0, len(hints), 3):
            name = QueueName(hints[place].decode())
            count, due_ms = hints[place + 1], hints[place + 2]
            if count:
                self.waiters.wake(name, count)
            if due_ms >= 0:
                self.waiters.alarm(name, due_ms - self.time.ahead_ms)

    def _arguments(self, now_ms: int, arguments: Iterable[Any]) -> list[Any]:
        return [now_ms, self.process if self.is_listening else "", *arguments]

    async def observe_time(self) -> None:
        """Ask for the server's time. StorageUnavailable."""
        asked_at_ms = self.clock.now_ms()
        seconds, micros = await self.ask(self.scripts.server_time)
        server_ms = int(seconds) * 1000 + int(micros) // 1000
        self.time.observe(server_ms, asked_at_ms=asked_at_ms, answered_at_ms=self.clock.now_ms())

    # Queues

    async def queues(self, names: Iterable[str]) -> dict[str, KnownQueue]:
        """Those of these queues that exist, as we know them. StorageUnavailable."""
        known = self._known
        wanted = set(names)
        missing = [name for name in wanted if name not in known]
        if missing:
            await self.refresh(missing)
        return {name: known[name] for name in wanted if name in known}

    async def queue(self, name: str) -> KnownQueue:
        """One queue. QueueNotFound, StorageUnavailable."""
        known = self._known.get(name)
        if known is None:
            await self.refresh([name])
            known = self._known.get(name)
        if known is None:
            raise queue_not_found(name)
        return known

    async def refresh(self, names: Iterable[str]) -> None:
        """Look these queues up anew; those that are gone are forgotten. StorageUnavailable."""
        asked = list(names)
        answers = await self.ask(self.scripts.resolve, *asked)
        for name, answer in zip(asked, answers, strict=True):
            if answer is None:
                self._known.pop(name, None)
            else:
                queue_id, version, settings = answer
                self._known[name] = KnownQueue(queue_id.decode(), version.decode(), _settings_decoder.decode(settings))

    async def queue_ids(self) -> list[str]:
        """Ids of all queues. StorageUnavailable."""
        return [queue_id.decode() for queue_id in await self.ask(self.scripts.queue_ids)]

    def forget(self, name: str) -> None:
        """Look this queue up when it is needed next."""
        self._known.pop(name, None)
