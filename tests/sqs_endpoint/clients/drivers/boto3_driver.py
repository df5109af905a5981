"""boto3, driven by lines, of whichever release this environment holds. Endpoint and credentials are in the environment's variables."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from lines import Refused, in_words, serve

library: Any = boto3
config: Any = Config(retries={"total_max_attempts": 1}, read_timeout=30)
client: Any = library.client("sqs", config=config)


def call(action: str, members: dict[str, Any]) -> Any:
    method: Any = getattr(client, in_words(action, "_"))
    try:
        output: dict[str, Any] = method(**members)
    except ClientError as error:
        raise Refused.by_boto(error) from None
    output.pop("ResponseMetadata")
    return output


serve(call)
