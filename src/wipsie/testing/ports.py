"""Ports for servers that are about to start, or stop and start again on the same one."""

from __future__ import annotations

import secrets
import socket

HOST = "127.0.0.1"
_LOWEST = 20_000
_HIGHEST = 32_000
"""Below the range from which the kernel takes ports for outgoing connections: until the server listens, and while it is down,
nobody is given its port, and a client that keeps trying cannot connect to itself."""
_ATTEMPTS = 200


def free_port() -> int:
    """A TCP port on loopback that is free now and stays out of the way of outgoing connections. RuntimeError."""
    for _ in range(_ATTEMPTS):
        # Not from `random`, which property tests seed: every process would try the same ports.
        port = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"Found no free port between {_LOWEST} and {_HIGHEST} on {HOST}; end programs that hold them.")
