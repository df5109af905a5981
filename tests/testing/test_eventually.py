"""`eventually` waits for truth and says what it saw instead."""

from __future__ import annotations

import itertools

import pytest

from wipsie.testing.eventually import eventually


async def test_it_returns_the_first_true_value() -> None:
    counter = itertools.count()
    assert await eventually(lambda: next(counter)) == 1


async def test_it_takes_async_checks() -> None:
    counter = itertools.count()

    async def third() -> bool:
        return next(counter) >= 2

    assert await eventually(third) is True


async def test_a_block_of_assertions_passes_when_it_raises_none() -> None:
    counter = itertools.count()

    def check() -> None:
        assert next(counter) >= 3

    await eventually(check)
    assert next(counter) == 4


async def test_none_from_an_unannotated_check_means_not_yet() -> None:
    values = iter([None, None, "found"])
    assert await eventually(lambda: next(values)) == "found"


async def test_it_fails_with_the_message_and_the_last_value() -> None:
    with pytest.raises(AssertionError, match=r"the parcel arrives within 0\.02 s; last value: 0"):
        await eventually(lambda: 0, 0.02, "the parcel arrives")


async def test_it_fails_with_the_last_failed_assertion() -> None:
    def check() -> None:
        raise AssertionError("two is not three")

    with pytest.raises(AssertionError, match="last failure: two is not three"):
        await eventually(check, 0.02)


async def test_other_errors_are_not_swallowed() -> None:
    def check() -> bool:
        raise ValueError("broken check")

    with pytest.raises(ValueError, match="broken check"):
        await eventually(check)
