"""Numbers as staff see them: enough to tell two apart, not enough to call; and what the country of a user id tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.vault.domain.masking import masked_number, masked_user_id
from wipsie.slices.vault.domain.places import date_order_of, utc_offset_min_of

NUMBERS = {
    "911234560123": "+91••••••0123",
    "15550100123": "+1••••••0123",
    "79161234567": "+7••••••4567",
    "4915112345678": "+49•••••••5678",
    "351912345678": "+351•••••5678",
    "5511912345678": "+55•••••••5678",
    "12345678": "+1•••5678",
}


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_shows_its_country_and_its_last_digits(number: str) -> None:
    assert masked_number(number) == NUMBERS[number]


@pytest.mark.parametrize("odd", ["", "1", "1234567", "+15550100123", "1555 0100123", "asha", "١٢٣٤٥٦٧٨٩٠", "²" * 10])
def test_of_what_is_no_number_nothing_is_shown(odd: str) -> None:
    assert masked_number(odd) == "+••••••"


@given(st.text("0123456789", min_size=1, max_size=20))
def test_never_more_than_a_code_and_four_digits_are_shown(number: str) -> None:
    shown = "".join(one for one in masked_number(number) if one.isdigit())
    assert len(shown) <= 7
    # Three at least are missing.
    assert len(number) - len(shown) >= min(len(number), 1)
    assert masked_number(number).count("•") >= 1


@pytest.mark.parametrize(
    ("user_id", "masked"),
    [
        ("IN.48120077315502", "IN.••••5502"),
        ("IN.ENT.48120077315502", "IN.••••5502"),
        ("IN.123", "IN.••••"),
        ("IN.", "IN.••••"),
        ("asha", "••••"),
        ("", "••••"),
        ("LONGER.48120077315502", "LO.••••5502"),
    ],
)
def test_a_user_id_shows_its_country_and_its_last_signs(user_id: str, masked: str) -> None:
    assert masked_user_id(user_id) == masked


@pytest.mark.parametrize(
    ("country", "offset_min", "order"),
    [
        ("IN", 330, "day_first"),
        ("in", 330, "day_first"),
        ("NP", 345, "day_first"),
        ("US", -360, "month_first"),
        ("PH", 480, "month_first"),
        ("DE", 60, "day_first"),
        ("BR", -180, "day_first"),
        ("XX", 0, None),
        ("", 0, None),
    ],
)
def test_a_country_tells_the_hour_and_what_three_slash_eleven_means(
    country: str, offset_min: int, order: str | None
) -> None:
    assert utc_offset_min_of(country) == offset_min
    assert date_order_of(country) == order
