"""Every error of the API has its treatment: what waits, for how long, and who is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webhook_samples import numbered

from wipsie.slices.vault.domain.whatsapp.errors import (
    ApiError,
    delay_s,
    read_api_error,
    regain_access_s,
    retry_after_s,
    treatment_of,
)

PAIR = {
    "error": {
        "message": "(#131056) (Business Account, Consumer Account) pair rate limit hit",
        "type": "OAuthException",
        "code": 131056,
        "error_data": {"messaging_product": "whatsapp", "details": "Too many messages sent to the same recipient."},
        "fbtrace_id": "AEXAMPLEtrace01",
    }
}


def test_an_answer_is_read_with_its_code_and_details() -> None:
    assert read_api_error(PAIR) == ApiError(
        code=131056, title="OAuthException", details="Too many messages sent to the same recipient."
    )


@pytest.mark.parametrize("answer", [None, "text", [], {}, {"error": "text"}, {"error": {"code": "x"}}], ids=numbered())
def test_an_answer_that_is_no_error_of_meta_has_no_code(answer: Any) -> None:
    assert read_api_error(answer).code is None
    assert treatment_of(read_api_error(answer, 502), 502).action == "retry"
    assert treatment_of(read_api_error(answer, 429), 429).action == "wait_for_number"
    assert treatment_of(read_api_error(answer, 401), 401).action == "pause_sending"
    assert treatment_of(read_api_error(answer, 400), 400).action == "give_up"


@pytest.mark.parametrize(
    ("codes", "action", "is_alarm"),
    [
        ([4, 80007, 130429], "wait_for_number", False),
        ([131056], "wait_for_recipient", False),
        ([131016, 131000, 1, 2, 131057], "retry", False),
        ([131048, 131031, 368, 130497], "pause_sending", True),
        ([190, 0], "pause_sending", True),
        ([3, 10, 200, 250, 299, 131005, 133010], "pause_sending", True),
        ([131047], "window_closed", False),
        ([131062], "use_number", False),
        ([131026, 131049, 131050, 131052, 131021, 131030], "give_up", False),
        ([131051, 131053, 131008, 131009, 100, 131042], "give_up", True),
        ([132000, 132001, 132012, 132015, 132016], "give_up", True),
        ([999_999, -1, 300, 199], "give_up", True),
    ],
)
def test_every_code_of_the_table_is_treated(codes: list[int], action: str, is_alarm: bool) -> None:
    for code in codes:
        found = treatment_of(ApiError(code=code))
        assert (found.action, found.is_alarm) == (action, is_alarm), code


def test_an_expired_media_id_is_told_from_a_wrong_parameter() -> None:
    assert treatment_of(ApiError(code=100, subcode=33)).reason == "object_missing"
    assert treatment_of(ApiError(code=100)).reason == "invalid_message"


def test_one_recipient_waits_four_times_as_long_after_every_attempt() -> None:
    pair = treatment_of(ApiError(code=131056))
    assert [delay_s(pair, attempt) for attempt in range(1, 9)] == [1, 4, 16, 64, 256, 1024, 3600, None]
    # Whatever the dice say: the messages of one recipient keep their order.
    assert delay_s(pair, 2, chance=1) == 4


def test_a_number_that_is_too_fast_waits_longer_and_not_in_step() -> None:
    rate = treatment_of(ApiError(code=130429))
    pauses = [delay_s(rate, attempt) for attempt in range(1, 5)]
    assert pauses == [2, 4, 8, 16]
    assert delay_s(rate, 1, chance=0.5) == 2.5


def test_what_the_answer_asks_for_is_never_undercut() -> None:
    assert delay_s(treatment_of(ApiError(code=130429)), 1, asked_s=120) == 120
    assert delay_s(treatment_of(ApiError(code=130429)), 6, asked_s=1) == 64


@pytest.mark.parametrize("code", [131047, 190, 131026, 100, 131048])
def test_what_is_not_to_be_retried_has_no_next_attempt(code: int) -> None:
    assert delay_s(treatment_of(ApiError(code=code)), 1, asked_s=5) is None


@given(st.integers(-10, 200_000), st.sampled_from([None, 200, 400, 401, 403, 404, 429, 500, 503]), st.integers(0, 99))
def test_every_error_ends_in_a_bounded_number_of_attempts(code: int, http_status: int | None, attempt: int) -> None:
    treatment = treatment_of(ApiError(code=code), http_status)
    pause = delay_s(treatment, attempt, chance=1)
    assert pause is None or 0 <= pause <= 5400
    assert delay_s(treatment, treatment.attempts_max) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [(None, None), ("", None), ("30", 30), (" 30 ", 30), ("-5", None), ("Wed, 21 Oct", None), ("9999999", 86_400)],
)
def test_retry_after_is_seconds(header: str | None, expected: int | None) -> None:
    assert retry_after_s(header) == expected


def test_the_usage_header_counts_in_minutes() -> None:
    usage = {"310": [{"type": "messaging", "estimated_time_to_regain_access": 5}, {"call_count": 99}], "x": "junk"}
    assert regain_access_s(json.dumps(usage)) == 300


@pytest.mark.parametrize(
    "header", [None, "", "{}", "junk", "[" * 9_999, '{"a":[{"estimated_time_to_regain_access":0}]}']
)
def test_a_usage_header_without_a_block_says_nothing(header: str | None) -> None:
    assert regain_access_s(header) is None
