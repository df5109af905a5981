"""Carries out a load order in another process: wrk for closed loops where it is installed, else the raw client."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import msgspec

from benchmarks.load.raw_client import Order
from benchmarks.load.report import LoadFailed, LoadReport
from benchmarks.load.wrk import generate_with_wrk, wrk_path


def generate_load(order: Order, directory: Path) -> LoadReport:
    """The report of the load; `directory` takes temporary files. LoadFailed when not even one request succeeds,
    subprocess.CalledProcessError when the client fails."""
    _try_once(order)
    wrk = wrk_path()
    if wrk is not None and order.rate_per_s is None:
        return generate_with_wrk(wrk, order, directory)
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.raw_client"],
        input=msgspec.json.encode(order),
        stdout=subprocess.PIPE,
        timeout=order.warm_up_s + order.seconds + 40,
        check=True,
    )
    return msgspec.json.decode(answer.stdout, type=LoadReport)


def _try_once(order: Order) -> None:
    """A load generator only counts errors; one request shows which."""
    with socket.create_connection(("127.0.0.1", order.port), timeout=10) as connection:
        connection.sendall(order.request())
        answer = connection.recv(4096)
    if not answer.startswith(b"HTTP/1.1 2"):
        raise LoadFailed(f"POST {order.path} is refused:\n{answer.decode(errors='replace')}")
