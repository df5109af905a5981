"""The client library behind one typed door: one client for long polls, one for everything else.

Long polls hold their connections for seconds; with a pool of their own they never keep a send waiting.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any, cast

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session  # pyright: ignore[reportUnknownVariableType]  (library without types)
from botocore.exceptions import BotoCoreError, ClientError

from wipsie.kernel.errors import ConfigurationError
from wipsie.queue.backend_kit.refusals import not_running
from wipsie.queue.backends.sqs.address import SqsAddress
from wipsie.queue.backends.sqs.faults import fault_of
from wipsie.queue.backends.sqs.sqs_limits import WAIT_S_MAX

CONNECT_S_MAX = 3.0
ANSWER_S_MAX = 10.0
CALL_S_MAX = 20.0
"""One call with all its tries."""
CALL_TRIES = 3
CALL_CONNECTIONS_MAX = 50
POLL_CONNECTIONS_MAX = 500
_POLL_MARGIN_S = 10.0

Parameters = dict[str, Any]
Answer = dict[str, Any]

_ERRORS = (BotoCoreError, ClientError, aiohttp.ClientError, TimeoutError, OSError)


class SqsConnection:
    """Open between `start` and `stop`. Credentials come by the normal AWS chain: environment, profile, container, role."""

    def __init__(self, address: SqsAddress, session: object | None = None) -> None:
        """`session`: an aiobotocore session whose credentials and settings count, instead of a new one."""
        self._address = address
        self._session = session
        self._stack: AsyncExitStack | None = None
        self._calls: Any = None
        self._polls: Any = None
        self.requests = 0
        """Requests made, for tests and metrics of batching."""

    async def start(self) -> None:
        """Read the AWS configuration. No request is made. ConfigurationError."""
        stack = AsyncExitStack()
        try:
            # One session: the files that describe the service are read once.
            session = cast("Any", self._session or get_session())
            self._calls = await self._open(session, stack, CALL_CONNECTIONS_MAX, ANSWER_S_MAX)
            self._polls = await self._open(session, stack, POLL_CONNECTIONS_MAX, WAIT_S_MAX + _POLL_MARGIN_S)
        except (BotoCoreError, ValueError) as error:
            await stack.aclose()
            fault = fault_of(error, queue="", action="start") if isinstance(error, BotoCoreError) else error
            raise ConfigurationError(str(fault)) from error
        self._stack = stack

    async def _open(self, session: Any, stack: AsyncExitStack, connections_max: int, answer_s_max: float) -> Any:
        config = AioConfig(
            connect_timeout=CONNECT_S_MAX,
            read_timeout=answer_s_max,
            max_pool_connections=connections_max,
            retries={"mode": "standard", "total_max_attempts": CALL_TRIES},
            user_agent_extra="wipsie",
            # What we send has our own types; checking it again against the model costs a sixth of a send.
            parameter_validation=False,
        )
        client = session.create_client(
            "sqs", region_name=self._address.region, endpoint_url=self._address.endpoint_url, config=config
        )
        return await stack.enter_async_context(client)

    async def stop(self) -> None:
        """Close all connections; fine when there are none."""
        stack, self._stack, self._calls, self._polls = self._stack, None, None, None
        if stack is not None:
            await stack.aclose()

    async def call(self, operation: str, *, queue: str = "", **parameters: Any) -> Answer:
        """One request, tried again where that helps. `operation` as the library writes it, ``send_message_batch``.
        Raises the errors of `faults`; `queue` is the name they tell."""
        client = self._calls
        if client is None:
            raise not_running()
        self.requests += 1
        try:
            async with asyncio.timeout(CALL_S_MAX):
                return await getattr(client, operation)(**parameters)
        except _ERRORS as error:
            raise fault_of(error, queue=queue, action=_action(operation)) from error

    async def receive(self, *, queue: str, wait_s: int, **parameters: Any) -> list[Parameters]:
        """One ReceiveMessage that waits up to `wait_s` seconds; the messages with all their attributes."""
        client = self._polls if wait_s else self._calls
        if client is None:
            raise not_running()
        self.requests += 1
        try:
            async with asyncio.timeout(wait_s + CALL_S_MAX):
                answer: Answer = await client.receive_message(
                    WaitTimeSeconds=wait_s,
                    MessageAttributeNames=["All"],
                    MessageSystemAttributeNames=["All"],
                    **parameters,
                )
        except _ERRORS as error:
            raise fault_of(error, queue=queue, action="ReceiveMessage") from error
        return answer.get("Messages", [])


def _action(operation: str) -> str:
    return operation.title().replace("_", "")
