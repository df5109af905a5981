"""A status never falls, in whatever order and however often statuses come."""

from __future__ import annotations

import random
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webhook_samples import numbered

from wipsie.slices.vault.domain.whatsapp.delivery_status import DeliveryStatus, joined

TOLD = ["sent", "failed", "delivered", "read", "played"]
KNOWN: list[DeliveryStatus] = ["queued", "sent", "failed", "delivered", "read", "played"]
told_lists = st.lists(st.sampled_from([*TOLD, "queued", "deleted", "", "SENT"]), max_size=12)


def after(told: list[str], known: DeliveryStatus = "queued") -> DeliveryStatus:
    return reduce(joined, told, known)


@given(told_lists, st.randoms(use_true_random=False), st.sampled_from(KNOWN))
def test_order_and_repetition_make_no_difference(told: list[str], dice: random.Random, known: DeliveryStatus) -> None:
    shuffled = [*told, *told]
    dice.shuffle(shuffled)
    assert after(shuffled, known) == after(told, known)


@given(told_lists, st.sampled_from(KNOWN))
def test_it_never_falls(told: list[str], known: DeliveryStatus) -> None:
    heights = [KNOWN.index(known)]
    for one in told:
        known = joined(known, one)
        heights.append(KNOWN.index(known))
    assert heights == sorted(heights)


@pytest.mark.parametrize("order", [*permutations(["sent", "delivered", "read"])], ids="-".join)
def test_the_usual_three_end_as_read_in_any_order(order: tuple[str, ...]) -> None:
    assert after([*order]) == "read"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (["sent", "failed"], "failed"),
        (["failed", "sent"], "failed"),
        (["delivered", "failed"], "delivered"),
        (["failed", "delivered"], "delivered"),
        (["sent", "read"], "read"),
        (["read", "played"], "played"),
        (["something new"], "queued"),
        ([], "queued"),
    ],
    ids=numbered(),
)
def test_failed_replaces_sent_alone(told: list[str], expected: str) -> None:
    assert after(told) == expected
