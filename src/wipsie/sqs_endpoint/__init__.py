"""Amazon SQS for every AWS SDK, over Wipsie's own queues: both wire protocols, without a framework in the way.

request → recognising → signatures → protocols (JSON or Query) → access → actions → the queue engine → protocols → answer
"""

from __future__ import annotations

from wipsie.sqs_endpoint.endpoint import SqsEndpoint
from wipsie.sqs_endpoint.own_port import SqsOnItsOwnPort

__all__ = ["SqsEndpoint", "SqsOnItsOwnPort"]
