"""The Redis backend: queues in Redis or Valkey, every verb one atomic script, concurrent calls in one script call."""

from wipsie.queue.backends.redis.backend import RedisQueueBackend

__all__ = ["RedisQueueBackend"]
