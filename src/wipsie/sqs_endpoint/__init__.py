"""Amazon SQS for every AWS SDK, over Wipsie's own queues: both wire protocols, without a framework in the way.

request → recognising → protocols (JSON or Query) → actions → the queue engine → protocols → answer
"""

from __future__ import annotations

from wipsie.sqs_endpoint.endpoint import SqsEndpoint

__all__ = ["SqsEndpoint"]
