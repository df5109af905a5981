"""Reading in the process of the tests. Its limits hold for all of a process, and one that ran thousands of tests is larger than a
process of the pool ever gets: here they leave room. That they hold is shown in processes of their own."""

from __future__ import annotations

from functools import partial

from wipsie.kernel.limits import MIB
from wipsie.slices.vault.domain.files import FileLimits
from wipsie.slices.vault.gateways import report_reader, thumbnails

ROOMY = FileLimits(memory_bytes_max=16 * 1024 * MIB)

read_report = partial(report_reader.read_report, limits=ROOMY)
thumbnail = partial(thumbnails.thumbnail, limits=ROOMY)
