"""The secret behind everything: hard to guess, one key for each purpose, and it can be changed."""

from __future__ import annotations

import secrets

import pytest

from wipsie.auth.keyring import Keyring
from wipsie.kernel.errors import ConfigurationError

ONE, TWO = bytes(range(32)), bytes(range(1, 33))


def test_each_purpose_has_a_key_of_its_own() -> None:
    keyring = Keyring([ONE])
    assert len({keyring.derive("token"), keyring.derive("password"), keyring.derive("cursor"), ONE}) == 4
    assert len(keyring.derive("cursor")) == 32
    assert keyring.derive("cursor") == Keyring([ONE]).derive("cursor")


def test_after_a_change_the_first_is_used_and_the_old_one_is_found_by_its_id() -> None:
    old, both = Keyring([ONE]), Keyring([TWO, ONE])
    assert both.current == Keyring([TWO]).current != old.current
    assert both.derive("token", old.current) == old.derive("token")
    assert both.ids == (both.current, old.current)
    with pytest.raises(KeyError):
        old.derive("token", both.current)


def test_the_id_says_nothing_of_the_secret() -> None:
    keyring = Keyring([ONE])
    assert keyring.current not in ONE.hex()
    assert keyring.current not in {keyring.derive(purpose).hex()[:16] for purpose in ("token", "password", "cursor")}


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "changeme",
        "secret",
        "your-secret-key",
        "your-secret-key-here-change-in-production",
        "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME",
        "django-insecure-0123456789abcdefghijklmn",
        "a" * 64,
        "0123" * 16,
        "x" * 31,
        "my-super-secret-key-for-development-only",
    ],
)
def test_a_secret_everybody_tries_first_is_refused_with_what_to_do(secret: str) -> None:
    with pytest.raises(ConfigurationError, match=r"SECRET_KEY .*openssl rand -hex 32"):
        Keyring([ONE, secret.encode()])


def test_no_secret_at_all_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        Keyring([])


def test_random_secrets_are_taken_in_every_usual_form() -> None:
    for _ in range(200):
        Keyring([secrets.token_bytes(32)])
        Keyring([secrets.token_hex(32).encode()])
        Keyring([secrets.token_urlsafe(32).encode()])
