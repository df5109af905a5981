"""An archive, and the services that keep it up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from keepers import Keepers


@pytest.fixture
def keepers(desk: Any) -> Keepers:
    return Keepers(desk)
