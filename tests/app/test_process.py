"""What a process takes from the system before anything runs."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from wipsie.app.process import OPEN_FILES_MAX, allow_open_files

FEW = 256


@pytest.fixture
def few_open_files() -> Iterator[int]:
    """The process as most systems start it; gives how many it could have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_process_takes_as_many_open_files_as_it_may_have(few_open_files: int) -> None:
    hard = few_open_files
    allow_open_files()
    wanted = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(OPEN_FILES_MAX, hard)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (wanted, hard)


@pytest.mark.usefixtures("few_open_files")
def test_what_is_enough_is_left_alone() -> None:
    allow_open_files()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    allow_open_files()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
