"""What a load generator answers."""

from __future__ import annotations

import msgspec


class LoadReport(msgspec.Struct, kw_only=True):
    """One run against one server."""

    generator: str
    requests: int
    """Answered with a 2xx status."""
    seconds: float
    errors: int
    """Other answers, broken connections and time-outs."""
    p50_ms: float
    p99_ms: float
    max_ms: float

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return self.requests / self.seconds


class LoadFailed(Exception):
    """The figures would not mean what they say."""


def check(report: LoadReport, *, errors_max: int = 0) -> LoadReport:
    """The report itself when nearly all went well. LoadFailed otherwise: refused requests are fast and would flatter."""
    if report.errors > errors_max or not report.requests:
        raise LoadFailed(
            f"{report.requests} requests succeeded and {report.errors} failed; the figures would be wrong."
        )
    return report
