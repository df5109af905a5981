"""For users too: real PostgreSQL, Redis, PgBouncer and SQS servers for tests, in folders and on ports of their own.

Each server starts and stops by plain calls (`asyncio.to_thread` them in async tests), is ended by its process id, and dies
with the process that started it. `wipsie.testing.servers.fixtures` has them as pytest fixtures.
"""

from __future__ import annotations

from wipsie.testing.servers.moto import MotoServer
from wipsie.testing.servers.pgbouncer import PgBouncerServer
from wipsie.testing.servers.postgres import PostgresServer
from wipsie.testing.servers.programs import ServerMissing
from wipsie.testing.servers.redis import RedisServer

__all__ = ["MotoServer", "PgBouncerServer", "PostgresServer", "RedisServer", "ServerMissing"]
