"""The token in AWS Systems Manager Parameter Store: the newest version, and the one labelled ``previous``."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any, cast

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session  # pyright: ignore[reportUnknownVariableType]  (library without types)
from botocore.exceptions import BotoCoreError, ClientError

from wipsie.kernel.errors import ConfigurationError, Unavailable
from wipsie.slices.mail.service.token_keeper import Tokens

PREVIOUS = "previous"
_CONNECT_S_MAX = 2.0
_ANSWER_S_MAX = 3.0
_TRIES = 2
_NO_SUCH_VERSION = frozenset({"ParameterVersionNotFound", "ParameterVersionLabelNotFound", "ParameterNotFound"})


class ParameterStoreTokens:
    """A `TokenSource`. Credentials come by the normal AWS chain; the client is made when it is first needed."""

    def __init__(self, name: str, *, region: str | None, endpoint_url: str | None = None) -> None:
        """`name`: of the parameter, or its ARN; with ``:label`` or ``:version`` that version alone is good."""
        self._name = name
        self._region = region
        self._endpoint_url = endpoint_url
        self._stack: AsyncExitStack | None = None
        self._client: Any = None
        self._opening = asyncio.Lock()

    async def read(self) -> Tokens:
        """Unavailable, ConfigurationError."""
        client = await self._open()
        if ":" in self._name.rpartition("/")[2]:
            return Tokens(await self._value(client, self._name))
        current, previous = await asyncio.gather(
            self._value(client, self._name), self._value(client, f"{self._name}:{PREVIOUS}", optional=True)
        )
        return Tokens(current, None if previous in ("", current) else previous)

    async def stop(self) -> None:
        """Close the connections; fine when there are none."""
        stack, self._stack, self._client = self._stack, None, None
        if stack is not None:
            await stack.aclose()

    async def _open(self) -> Any:
        async with self._opening:
            if self._client is None:
                config = AioConfig(
                    connect_timeout=_CONNECT_S_MAX,
                    read_timeout=_ANSWER_S_MAX,
                    retries={"mode": "standard", "total_max_attempts": _TRIES},
                    user_agent_extra="wipsie",
                )
                stack = AsyncExitStack()
                try:
                    session: Any = cast("Any", get_session())
                    client = session.create_client(
                        "ssm", region_name=self._region, endpoint_url=self._endpoint_url, config=config
                    )
                    self._client = await stack.enter_async_context(client)
                except (BotoCoreError, ValueError) as error:
                    await stack.aclose()
                    raise ConfigurationError(f"Systems Manager cannot be used: {error}.") from error
                self._stack = stack
            return self._client

    async def _value(self, client: Any, name: str, *, optional: bool = False) -> str:
        try:
            answer = await client.get_parameter(Name=name, WithDecryption=True)
        except ClientError as error:
            code = cast("dict[str, Any]", error.response).get("Error", {}).get("Code", "")
            if optional and code in _NO_SUCH_VERSION:
                return ""
            # No detail of the answer: it may repeat what it was asked.
            raise Unavailable(f"Systems Manager does not give the parameter {self._name}: {code}.") from error
        except (BotoCoreError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"Systems Manager cannot be reached: {type(error).__name__}.") from error
        value: str = answer["Parameter"]["Value"]
        if not value and not optional:
            raise Unavailable(f"The parameter {self._name} is empty.")
        return value
