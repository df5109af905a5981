"""The names of mails: repeatable, without collisions, and read back from the key alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.mail.domain.archive_key import TIMESTAMP_S_MAX, name_of, number_from, read_key

TIMES = st.integers(0, TIMESTAMP_S_MAX)


def test_the_key_follows_the_documented_layout_in_utc() -> None:
    name = name_of(sender="John doe", timestamp_s=1693561101, identity={"a": 1})
    assert name.key.startswith("emails/2023/09/01/email-1693561101-")
    assert name.key.endswith(".json")


@given(sender=st.text(min_size=1), timestamp_s=TIMES, text=st.text())
def test_one_mail_has_one_name_and_the_key_tells_it(sender: str, timestamp_s: int, text: str) -> None:
    name = name_of(sender=sender, timestamp_s=timestamp_s, identity={"text": text})
    assert name == name_of(sender=sender, timestamp_s=timestamp_s, identity={"text": text})
    assert read_key(name.key) == name
    assert number_from(timestamp_s) <= name.number < number_from(timestamp_s + 1) <= 2**63


def test_mails_that_say_something_else_never_share_a_name() -> None:
    names = [name_of(sender="a", timestamp_s=1, identity={"text": str(number)}) for number in range(5_000)]
    assert len({name.key for name in names}) == len({name.id for name in names}) == 5_000


def test_spellings_of_one_sender_share_its_digits() -> None:
    first, second = (
        name_of(sender=one, timestamp_s=1, identity={}).key for one in ("Ann@Example.org", " ann@example.ORG")
    )
    assert first == second


@given(st.text())
def test_what_is_no_key_of_a_mail_is_not_read(text: str) -> None:
    assert read_key(text) is None


def test_a_key_with_another_day_than_its_timestamp_is_not_read() -> None:
    key = name_of(sender="a", timestamp_s=1693561101, identity={}).key
    assert read_key(key.replace("2023/09/01", "2023/09/02")) is None
