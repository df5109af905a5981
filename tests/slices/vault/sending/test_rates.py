"""The rates of sending against the limits of the simulated Cloud API, which counts its own way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wipsie.slices.vault.domain.sending.body import DeliveryBody, FileMessage
from wipsie.slices.vault.domain.sending.rates import MESSAGES_PER_S, RECIPIENT_RATE, Rate, number_rate
from wipsie.slices.vault.domain.whatsapp.outgoing import MessageRefused, ReadReceipt, TextMessage
from wipsie.testing.simulators.whatsapp.graph.limits import Limits
from wipsie.testing.simulators.whatsapp.settings import Behaviour

Bucket = list[float]


def take(bucket: Bucket, rate: Rate, now_s: float) -> bool:
    """A bucket that is as full as it may be, and no fuller."""
    tokens, since_s = bucket or (rate.burst, now_s)
    tokens = min(rate.burst, tokens + (now_s - since_s) * rate.rate_per_s)
    bucket[:] = [tokens - 1 if tokens >= 1 else tokens, now_s]
    return tokens >= 1


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60)), max_size=30), st.integers(2, 200))
def test_no_second_has_more_than_the_number_may_send(bursts: list[tuple[int, int]], per_s: int) -> None:
    limits = Limits(Behaviour(throughput_per_s=per_s, pair_burst=None))
    rate, bucket, now_ms = number_rate(per_s), Bucket(), 0
    for pause_ms, wanted in bursts:
        now_ms += pause_ms
        for _ in range(wanted):
            if take(bucket, rate, now_ms / 1000):
                limits.send("somebody", now_ms)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(3_000, 60_000), st.integers(1, 60), st.integers(0, 3_000)), max_size=30))
def test_nobody_gets_more_than_one_person_may_be_sent(bursts: list[tuple[int, int, int]]) -> None:
    limits = Limits(Behaviour(throughput_per_s=None))
    bucket, now_ms = Bucket(), 0
    for pause_ms, wanted, late_ms in bursts:
        now_ms += pause_ms
        for _ in range(wanted):
            if take(bucket, RECIPIENT_RATE, now_ms / 1000):
                limits.send("somebody", now_ms + late_ms)


def test_a_number_is_used_almost_as_fast_as_it_may_be() -> None:
    rate = number_rate()
    assert 0.9 * MESSAGES_PER_S < rate.burst + rate.rate_per_s < MESSAGES_PER_S
    assert rate.rate_per_s >= 0.7 * MESSAGES_PER_S
    with pytest.raises(ValueError, match="at least 2"):
        number_rate(1)


def test_a_file_that_could_not_be_sent_later_is_refused_now() -> None:
    file = FileMessage(object="vobj_1", file_name="report-1.pdf", caption="Report 1")
    assert file.uploaded("97").source.id == "97"
    with pytest.raises(MessageRefused):
        FileMessage(object="vobj_1", file_name="two\nlines.pdf")
    assert DeliveryBody(message=file).kind == "file"
    assert DeliveryBody(message=ReadReceipt(message_id="wamid.IN")).kind == "read_receipt"
    assert DeliveryBody(message=TextMessage(body="Hello")).kind == "text"
