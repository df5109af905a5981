"""One repeat of one scenario in this fresh process: `python -m benchmarks.child NAME SIZE DIRECTORY OUTPUT`.

Exit codes: 0 measured, 3 skipped (the reason is in OUTPUT), anything else failed (the reason is on standard error).
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from benchmarks.catalogue import find_scenario
from benchmarks.scenario import SIZES, Skipped

SKIPPED_EXIT_CODE = 3


def main(arguments: list[str]) -> int:
    """Run the repeat that the arguments name."""
    name, size, directory, output = arguments
    try:
        outcome = find_scenario(name).run(SIZES[size], Path(directory))
    except Skipped as reason:
        Path(output).write_text(str(reason), "utf-8")
        return SKIPPED_EXIT_CODE
    Path(output).write_bytes(msgspec.json.encode(outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
