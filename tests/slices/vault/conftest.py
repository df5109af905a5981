"""What the tests of the vault share."""

from __future__ import annotations

import sys
from pathlib import Path

# For the modules that tests share.
sys.path.insert(0, str(Path(__file__).parent))
