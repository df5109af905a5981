"""What must never stand in a log, and what must stay readable."""

import time

import msgspec
import pytest

from wipsie.telemetry.redaction import redact, redact_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail to ada.lovelace@example.com failed", "mail to a***@example.com failed"),
        ("call +49 170 1234567 now", "call +***67 now"),
        ("call (415) 555-2671", "call ***71"),
        ("call 415-555-2671.", "call ***71."),
        ("postgresql://wipsie:hunter2@db/wipsie", "postgresql://wipsie:***@db/wipsie"),
        ("Authorization: Bearer abcdefgh.ijkl-mnop", "Authorization: Bearer ***"),
        ("GET /x?token=abc123&page=2", "GET /x?token=***&page=2"),
        ('{"password": "hunter2", "user": "ada"}', '{"password": "***", "user": "ada"}'),
    ],
)
def test_personal_data_and_secrets_are_masked_in_text(text: str, expected: str):
    assert redact_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-04T14:06:02.648981Z",
        "3f2a9c0d-1e4b-4a67-9c11-0123456789ab",
        "req-3f2a9c0d1e4b5a67",
        "moved 1000000 messages in 12.345678 s",
        "listening on 127.0.0.1:8000",
        "wipsie-data-polling",
        "sequence 1759586762648981",
    ],
)
def test_ids_times_and_sizes_stay_readable(text: str):
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "key",
    ["password", "AWS_SECRET_ACCESS_KEY", "api_key", "x-api-key", "accessToken", "Authorization", "cookie", "jwt"],
)
def test_a_value_under_a_secret_key_is_masked_whatever_it_is(key: str):
    assert redact({key: {"inner": 1}}) == {key: "***"}


def test_keys_that_only_look_alike_are_kept():
    fields = {"receipt_handle": "r1", "token_count": 7, "deduplication_key": "k", "monkey": "m", "pinned": True}
    assert redact(fields) == fields


def test_digits_under_a_phone_key_are_masked_without_a_plus():
    assert redact({"phone_number": "491701234567", "mobile": 491701234567}) == {
        "phone_number": "***67",
        "mobile": "***67",
    }


def test_nested_values_structs_and_bytes_are_walked():
    class Recipient(msgspec.Struct):
        email: str
        password: str

    value = {"to": [Recipient("bob@example.org", "x")], "body": b"12345", "error": ValueError("bad bob@example.org")}
    assert redact(value) == {
        "to": [{"email": "b***@example.org", "password": "***"}],
        "body": "<5 bytes>",
        "error": "bad b***@example.org",
    }


def test_a_value_that_contains_itself_ends():
    loop: dict[str, object] = {}
    loop["self"] = loop
    assert "..." in str(redact(loop))


@pytest.mark.parametrize(
    "text", ["a@" * 50_000, "a" * 100_000 + "@", "+1" * 50_000, "token=" * 20_000, "://:" * 25_000]
)
def test_hostile_text_costs_little(text: str):
    start = time.perf_counter()
    redact_text(text)
    assert time.perf_counter() - start < 2
