"""Ports for servers that stop and start again on the same one."""

from __future__ import annotations

import random
import socket

HOST = "127.0.0.1"
_LOWEST = 20_000
_HIGHEST = 32_000
"""Below the range from which the kernel takes ports for outgoing connections: while a server is down, nobody is given
its port, and a client that keeps trying cannot connect to itself."""
_ATTEMPTS = 200


def server_port() -> int:
    """A TCP port on loopback that is free now and stays out of the way of outgoing connections."""
    for _ in range(_ATTEMPTS):
        port = random.randint(_LOWEST, _HIGHEST)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"Found no free port between {_LOWEST} and {_HIGHEST} on {HOST}; end programs that hold them.")
