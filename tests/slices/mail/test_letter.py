"""What a letter must have, and what is said of one that lacks it."""

from __future__ import annotations

from typing import Any

import pytest

from wipsie.slices.mail.domain.letter import Letter, LetterRefused, check_letter, read_timestamp

SAMPLE: dict[str, Any] = {
    "email_subject": "Happy new year!",
    "email_sender": "John doe",
    "email_timestream": "1693561101",
    "email_content": "Just want to say... Happy new year!!!",
}


def check(data: object, *, keep_unknown: bool = True) -> Letter:
    return check_letter(data, oldest_s=946_684_800, newest_s=2_000_000_000, keep_unknown=keep_unknown)


def fields_refused(data: object, *, keep_unknown: bool = True) -> list[str]:
    with pytest.raises(LetterRefused) as refused:
        check(data, keep_unknown=keep_unknown)
    return [one.field for one in refused.value.problems]


def test_both_names_of_the_timestamp_are_taken_and_one_is_kept() -> None:
    other = {**SAMPLE, "email_timestamp": SAMPLE["email_timestream"]}
    del other["email_timestream"]
    assert check(SAMPLE) == check(other)
    assert check(SAMPLE).document()["email_timestamp"] == "1693561101"
    assert "email_timestream" not in check(SAMPLE).document()


def test_two_timestamps_must_agree() -> None:
    assert check({**SAMPLE, "email_timestamp": 1693561101}).timestamp_s == 1693561101
    assert fields_refused({**SAMPLE, "email_timestamp": "1693561102"}) == ["data.email_timestamp"]


def test_every_offending_member_is_named() -> None:
    assert fields_refused({}) == [
        "data.email_subject",
        "data.email_sender",
        "data.email_content",
        "data.email_timestamp",
    ]
    assert fields_refused({**SAMPLE, "email_subject": "  ", "email_content": 7}) == [
        "data.email_subject",
        "data.email_content",
    ]


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_what_is_no_object_is_refused_as_a_whole(data: object) -> None:
    assert fields_refused(data) == ["data"]


@pytest.mark.parametrize("name", ["email_subject", "email_sender"])
@pytest.mark.parametrize("text", ["a\r\nBcc: somebody@example.org", "a\nb", "a\0b"])
def test_a_line_of_a_header_stays_one_line(name: str, text: str) -> None:
    assert fields_refused({**SAMPLE, name: text}) == [f"data.{name}"]


@pytest.mark.parametrize("value", [True, 1.5, "1e9", "-1", "+1", "", "١٢٣", "9" * 13, None, [], 10**12, -1], ids=repr)
def test_a_timestamp_is_digits_alone(value: object) -> None:
    assert read_timestamp(value) is None


@pytest.mark.parametrize("value", [1693561101, "1693561101", " 1693561101 "], ids=repr)
def test_a_timestamp_may_be_a_number_or_a_text(value: object) -> None:
    assert read_timestamp(value) == 1693561101


@pytest.mark.parametrize("value", ["0", "946684799", "2000000001"])
def test_an_absurd_timestamp_is_refused(value: str) -> None:
    assert fields_refused({**SAMPLE, "email_timestream": value}) == ["data.email_timestream"]


def test_unknown_members_are_kept_or_refused_as_one_chooses() -> None:
    assert check({**SAMPLE, "priority": "high"}).document()["priority"] == "high"
    assert fields_refused({**SAMPLE, "priority": "high"}, keep_unknown=False) == ["data.priority"]


@pytest.mark.parametrize("name", ["email_mime", "email_raw", "email_object", "email_envelope"])
def test_a_letter_cannot_pass_for_a_mail_that_lies_in_the_store(name: str) -> None:
    assert fields_refused({**SAMPLE, name: {"key": "mail/raw/ab/ab.eml"}}) == [f"data.{name}"]
