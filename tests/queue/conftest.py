"""Every test of the queue room cleans up after itself."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _clean(leaves_nothing_behind: None) -> None:
    """Asked for by every test here; the check runs after the test's own fixtures have closed their backends."""
