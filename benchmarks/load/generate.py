"""Carries out a load order in another process: wrk for closed loops where it is installed, else the raw client."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from benchmarks.load.raw_client import Order
from benchmarks.load.report import LoadReport
from benchmarks.load.wrk import generate_with_wrk, wrk_path


def generate_load(order: Order, directory: Path) -> LoadReport:
    """The report of the load; `directory` takes temporary files. subprocess.CalledProcessError when the client fails."""
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
