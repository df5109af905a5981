"""Ids are unique, well formed, and lie together in time."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import new_message_id, new_object_id, new_uuid

IDS = 20_000


@pytest.mark.parametrize("make", [new_uuid, new_message_id])
def test_ids_are_uuids_of_version_four(make: Callable[[], str]) -> None:
    for _ in range(1000):
        made = uuid.UUID(make())
        assert made.version == 4
        assert made.variant == uuid.RFC_4122


@pytest.mark.parametrize("make", [new_uuid, new_message_id])
def test_threads_never_get_the_same_id(make: Callable[[], str]) -> None:
    def make_many(_: int) -> list[str]:
        return [make() for _ in range(IDS)]

    with ThreadPoolExecutor(4) as threads:
        batches = list(threads.map(make_many, range(4)))
    assert len({one for batch in batches for one in batch}) == 4 * IDS


def test_message_ids_begin_with_the_time_of_their_making() -> None:
    before = SystemClock.now_ms()
    made_at = int(new_message_id().replace("-", "")[:12], 16)
    assert before <= made_at <= SystemClock.now_ms()


def test_a_forked_child_does_not_repeat_the_ids_of_its_parent() -> None:
    new_uuid()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, new_uuid().encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reader, 36).decode()
    os.close(reader)
    os.close(writer)
    assert theirs != new_uuid()


def test_object_ids_say_their_kind_and_sort_by_the_time_of_their_making() -> None:
    made = [new_object_id("inc", now_ms) for now_ms in (1_700_000_000_000, 1_700_000_000_001, 2_700_000_000_000)]
    assert made == sorted(made)
    prefix, _, digits = made[0].partition("_")
    assert prefix == "inc"
    assert uuid.UUID(digits).version == 7
    assert uuid.UUID(digits).variant == uuid.RFC_4122
    assert int(digits[:12], 16) == 1_700_000_000_000


def test_object_ids_of_one_millisecond_sort_in_the_order_of_their_making() -> None:
    made = [new_object_id("tle", 1_700_000_000_000) for _ in range(IDS)]
    assert made == sorted(made)
    assert len(set(made)) == IDS
