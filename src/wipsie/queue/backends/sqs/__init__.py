"""Queues in Amazon SQS, or in any server that speaks its protocol."""

from wipsie.queue.backends.sqs.backend import SqsQueueBackend
from wipsie.queue.backends.sqs.large_bodies import LargeBodies

__all__ = ["LargeBodies", "SqsQueueBackend"]
