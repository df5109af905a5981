"""Closed-loop load by wrk, a load generator in C: far from being the slow part, so that the server alone is measured."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from benchmarks.cores import children_on
from benchmarks.load.raw_client import Order
from benchmarks.load.report import LoadReport

_MARK = "wipsie-report "


def wrk_path() -> str | None:
    """Where wrk is, or None."""
    return shutil.which("wrk")


def generate_with_wrk(program: str, order: Order, directory: Path) -> LoadReport:
    """Carry out a closed-loop order. subprocess.CalledProcessError when wrk fails."""
    script = directory / "load.lua"
    script.write_text(_script(order), "utf-8")
    if order.warm_up_s:
        _run(program, order, script, order.warm_up_s)
    return _run(program, order, script, order.seconds)


def _run(program: str, order: Order, script: Path, seconds: float) -> LoadReport:
    command = [program, "--threads", "1", "--connections", str(order.connections)]
    command += ["--duration", f"{max(1, round(seconds))}s", "--timeout", "10s", "--script", str(script)]
    command.append(f"http://127.0.0.1:{order.port}{order.path}")
    with children_on(order.core):
        answer = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True)
    line = next(line for line in answer.stdout.splitlines() if line.startswith(_MARK))
    facts = json.loads(line.removeprefix(_MARK))
    return LoadReport(
        generator="wrk, 1 thread",
        requests=facts["requests"] - facts["status_errors"],
        seconds=facts["duration_us"] / 1e6,
        errors=facts["status_errors"] + facts["socket_errors"],
        p50_ms=facts["p50_us"] / 1000,
        p99_ms=facts["p99_us"] / 1000,
        max_ms=facts["max_us"] / 1000,
    )


def _script(order: Order) -> str:
    headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in order.headers.items())
    return f"""
wrk.method = "POST"
{headers}
wrk.body = [==[{order.body}]==]

done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{_MARK}{{"requests": %d, "duration_us": %d, "status_errors": %d, "socket_errors": %d, ' ..
    '"p50_us": %d, "p99_us": %d, "max_us": %d}}\\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
"""
