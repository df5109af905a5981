"""A handler made ready for one queue of one worker: its decoder, its limits and its metrics, looked up once."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from wipsie.queue.message import StandardMessage
from wipsie.workers.handler import HandlerSpec
from wipsie.workers.rate_limiter import RateLimiter
from wipsie.workers.retry_policy import RetryPolicy


class Route:
    """Everything the hot path needs to know about a handler."""

    __slots__ = ("decoder", "function", "guarded", "limiter", "retry", "spec", "timeout_s")

    def __init__(self, spec: HandlerSpec, default_retry: RetryPolicy) -> None:
        self.spec = spec
        self.function = spec.function
        self.timeout_s = spec.timeout_s
        self.retry = spec.retry if spec.retry is not None else default_retry
        self.limiter = RateLimiter(spec.rate_limit) if spec.rate_limit is not None else None
        self.guarded = spec.concurrency is not None or spec.concurrency_key is not None or self.limiter is not None
        """Whether a message must ask before it runs; most need not."""
        message_type = cast(Any, StandardMessage)[spec.data_type]
        self.decoder: msgspec.json.Decoder[StandardMessage[Any]] = msgspec.json.Decoder(message_type)
