"""What comes after a call, after a silence and after a status: of every outcome, for every message."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.vault.domain.sending.deciding import SILENCE_S, Decision, after_call, after_silence
from wipsie.slices.vault.domain.sending.outcomes import NotSent, Refused, SendOutcome, Taken, Unknown
from wipsie.slices.vault.domain.sending.pauses import UNREACHABLE, is_probed, probe_s, unreachable_s
from wipsie.slices.vault.domain.sending.states import SETTLED, STATES
from wipsie.slices.vault.domain.sending.statuses import Standing, Told, after_status
from wipsie.slices.vault.domain.sending.window import WINDOW_S, may_be_sent
from wipsie.slices.vault.domain.whatsapp.errors import ApiError

CODES = (
    0,
    1,
    4,
    10,
    100,
    190,
    368,
    80007,
    130429,
    131000,
    131016,
    131026,
    131031,
    131042,
    131047,
    131056,
    131057,
    131062,
)
errors = st.builds(
    ApiError, code=st.none() | st.sampled_from(CODES) | st.integers(-5, 999_999), is_transient=st.booleans()
)
outcomes: st.SearchStrategy[SendOutcome] = st.one_of(
    st.just(Taken("wamid.ONE")),
    st.just(Unknown("no answer")),
    st.builds(NotSent, st.just("refused"), st.none() | st.floats(0, 3600)),
    st.builds(
        Refused,
        error=errors,
        http_status=st.none() | st.sampled_from((400, 401, 403, 404, 429, 500, 503)),
        asked_s=st.none() | st.floats(0, 3600),
    ),
)


def decide(outcome: SendOutcome, attempt: int = 1, *, has_number: bool = False, silent_s: float = 0.0) -> Decision:
    return after_call(outcome, attempt=attempt, has_number=has_number, chance=0.0, silent_s=silent_s)


def refused(code: int, **more: float) -> Refused:
    return Refused(error=ApiError(code=code), **more)  # pyright: ignore[reportArgumentType]


@given(outcomes, st.integers(1, 30), st.booleans(), st.floats(0, 1), st.floats(0, 10**6))
def test_every_outcome_has_one_decision_and_every_wait_an_end(
    outcome: SendOutcome, attempt: int, has_number: bool, chance: float, silent_s: float
) -> None:
    decision = after_call(outcome, attempt=attempt, has_number=has_number, chance=chance, silent_s=silent_s)
    assert decision.state in ("accepted", "waiting", "unknown", "failed")
    assert 0 <= decision.in_s <= 5400
    assert (decision.state == "accepted") == isinstance(outcome, Taken)
    assert (decision.state == "unknown") == isinstance(outcome, Unknown)
    assert decision.state == "accepted" or decision.error
    if decision.state in SETTLED:
        assert decision.in_s == 0
    if decision.pause is not None:
        assert decision.state == "waiting", "what a pause holds up is not lost"
        assert decision.pause.in_s == decision.in_s
        # Else a message would be used up by waiting for the number.
        assert decision.is_counted is not is_probed(decision.pause.reason)
    if isinstance(outcome, NotSent | Refused) and outcome.asked_s is not None and decision.error != "token_invalid":
        probed = decision.pause is not None and is_probed(decision.pause.reason) and isinstance(outcome, Refused)
        assert decision.state != "waiting" or decision.by_number or probed or decision.in_s >= outcome.asked_s


@given(errors, st.booleans())
def test_a_message_that_is_refused_again_and_again_comes_to_an_end_unless_the_number_is_silent(
    error: ApiError, has_number: bool
) -> None:
    for attempt in range(1, 14):
        decision = decide(Refused(error=error), attempt, has_number=has_number)
        if decision.state == "failed" or not decision.is_counted:
            return
        has_number = has_number and not decision.by_number
    raise AssertionError("it is tried for ever")


def test_pair_rates_are_paid_back_in_powers_of_four() -> None:
    waits = [decide(refused(131056), attempt).in_s for attempt in range(1, 8)]
    assert waits == [1, 4, 16, 64, 256, 1024, 3600]
    decision = decide(refused(131056), 8)
    assert (decision.state, decision.error) == ("failed", "pair_rate")
    assert decide(refused(131056)).pause is None, "only that person waits"


@pytest.mark.parametrize(
    ("code", "state", "reason", "is_paused", "is_alarm"),
    [
        (190, "waiting", "token_invalid", True, True),
        (10, "waiting", "permission_missing", True, True),
        (368, "waiting", "account_restricted", True, True),
        (130429, "waiting", "throughput", True, False),
        (131016, "waiting", "unavailable", False, False),
        (131047, "failed", "window_closed", False, False),
        (131026, "failed", "undeliverable", False, False),
        (131042, "failed", "payment_problem", False, True),
        (131062, "failed", "user_id_not_allowed", False, False),
    ],
)
def test_errors_concern_the_message_the_person_or_the_number(
    code: int, state: str, reason: str, is_paused: bool, is_alarm: bool
) -> None:
    decision = decide(refused(code))
    assert (decision.state, decision.error, decision.error_code) == (state, reason, code)
    assert (decision.pause is not None, decision.is_alarm) == (is_paused, is_alarm)


def test_a_user_id_gives_way_to_a_number_once() -> None:
    decision = decide(refused(131062), has_number=True)
    assert (decision.state, decision.in_s, decision.by_number) == ("waiting", 0, True)


def test_silence_is_broken_once_and_never_for_what_is_sensitive() -> None:
    assert decide(Unknown("no answer")).in_s == SILENCE_S
    assert after_silence(unknowns=1, is_sensitive=False).state == "waiting"
    assert after_silence(unknowns=2, is_sensitive=False).state == "failed"
    assert after_silence(unknowns=1, is_sensitive=True).state == "failed"


def test_a_number_is_tried_less_and_less_often_but_never_given_up() -> None:
    assert [probe_s(lasting) for lasting in (0, 100, 200, 1_000, 10**6)] == [60, 60, 100, 500, 600]
    assert [unreachable_s(lasting) for lasting in (0, 2, 4, 30, 10**6)] == [2, 2, 4, 30, 60]
    assert is_probed(UNREACHABLE)
    assert not is_probed("throughput")
    assert decide(NotSent("away"), silent_s=30).pause is not None


@pytest.mark.parametrize("kind", ["text", "buttons", "list", "file", "document", "image"])
def test_the_window_is_a_day_from_the_last_message(kind: str) -> None:
    assert may_be_sent(kind, last_message_at_ms=1_000, now_ms=1_000 + WINDOW_S * 1000 - 1)
    assert not may_be_sent(kind, last_message_at_ms=1_000, now_ms=1_000 + WINDOW_S * 1000)
    assert may_be_sent(kind, last_message_at_ms=2_000, now_ms=1_000), "their clock may be ahead"


@pytest.mark.parametrize("kind", ["template", "read_receipt"])
def test_templates_and_receipts_know_no_window(kind: str) -> None:
    assert may_be_sent(kind, last_message_at_ms=0, now_ms=10**13)


standings = st.builds(
    Standing,
    state=st.sampled_from(STATES),
    status=st.none() | st.sampled_from(("sent", "delivered", "read", "failed", "played")),
    attempts=st.integers(0, 20),
    has_body=st.booleans(),
    error=st.none() | st.just("undeliverable"),
)
tolds = st.builds(
    Told,
    status=st.sampled_from(("sent", "delivered", "read", "failed", "played", "pondered")),
    is_other_message=st.booleans(),
    error=st.none() | errors,
)
HEIGHT = {None: 0, "sent": 1, "failed": 2, "delivered": 3, "read": 4, "played": 5}


@given(standings, tolds)
def test_what_is_told_twice_changes_nothing_more(standing: Standing, told: Told) -> None:
    once = after_status(standing, told, now_ms=1_000)
    again = Told(status=told.status, error=told.error)
    assert after_status(once, again, now_ms=2_000) == once


@given(standings, tolds)
def test_no_status_falls_within_one_message(standing: Standing, told: Told) -> None:
    after = after_status(standing, told, now_ms=1_000)
    if not told.is_other_message:
        assert HEIGHT[after.status] >= HEIGHT[standing.status]
    if after.status in ("delivered", "read", "played") and after != standing:
        assert (after.state, after.error) == ("accepted", None)
    if after.state == "waiting" and standing.state != "waiting":
        assert after.has_body
        assert after.status == "failed"
        assert after.next_at_ms >= 1_000


@given(st.lists(st.sampled_from(("sent", "delivered", "read")), min_size=1), st.randoms())
def test_statuses_in_any_order_come_to_the_same_end(names: list[str], random: Random) -> None:
    def end(order: list[str]) -> Standing:
        standing = Standing(state="unknown", status=None, attempts=1, has_body=True)
        for name in order:
            standing = after_status(standing, Told(status=name), now_ms=1_000)
        return standing

    shuffled = list(names)
    random.shuffle(shuffled)
    assert end(names) == end(shuffled) == end(sorted(names, key=lambda name: HEIGHT[name]))
