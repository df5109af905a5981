"""aiobotocore, driven by lines."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import aiobotocore.session
from aiobotocore.config import AioConfig
from botocore.exceptions import ClientError
from lines import Refused, in_words, read, write


async def main() -> None:
    session: Any = aiobotocore.session.AioSession()
    config = AioConfig(retries={"total_max_attempts": 1}, read_timeout=30)
    async with session.create_client("sqs", config=config) as client:
        # The loop runs on between lines: it notices that an idle connection was closed.
        while line := await asyncio.to_thread(sys.stdin.readline):
            action, members = read(line)
            try:
                output: dict[str, Any] = await getattr(client, in_words(action, "_"))(**members)
            except ClientError as error:
                write({"error": Refused.by_boto(error).told})
            else:
                output.pop("ResponseMetadata")
                write({"output": output})


asyncio.run(main())
