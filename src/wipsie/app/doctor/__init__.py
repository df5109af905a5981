"""What `wipsie doctor` looks at: one file per subject, one finding per fact."""

from __future__ import annotations

from wipsie.app.doctor.examination import examine
from wipsie.app.doctor.finding import FAIL, OK, WARN, Finding

__all__ = ["FAIL", "OK", "WARN", "Finding", "examine"]
