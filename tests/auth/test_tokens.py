"""Tokens: ours and good now, or worth nothing, in the same words."""

from __future__ import annotations

import base64
import json
import warnings
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.auth.keyring import Keyring
from wipsie.auth.tokens import AUDIENCE, ISSUER, LIFETIME_S, Tokens
from wipsie.kernel.errors import Unauthorized
from wipsie.testing.clock import FakeClock

SECRET, NEW_SECRET = bytes(range(32)), bytes(range(1, 33))
CLOCK = FakeClock()
KEYRING = Keyring([SECRET])
TOKENS = Tokens(lambda: KEYRING, CLOCK)
NOW_S = int(CLOCK.now())


def made(tokens: Tokens = TOKENS) -> str:
    return tokens.make(
        user_id="usr_1", session_id="ses_1", role="admin", expires_at_ms=CLOCK.now_ms() + LIFETIME_S * 1000
    )


def forged(
    *,
    key: bytes | None = None,
    algorithm: str = "HS256",
    kid: Any = KEYRING.current,
    without: str | None = None,
    **claims: Any,
) -> str:
    """With our own key unless told otherwise: only what is named is wrong."""
    all_claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "usr_1",
        "jti": "ses_1",
        "iat": NOW_S,
        "exp": NOW_S + LIFETIME_S,
        **claims,
    }
    with warnings.catch_warnings():
        # The longer algorithms want longer keys.
        warnings.simplefilter("ignore", jwt.warnings.InsecureKeyLengthWarning)
        return jwt.encode(
            {name: value for name, value in all_claims.items() if name != without},
            KEYRING.derive("token") if key is None else key,
            algorithm=algorithm,
            headers={"kid": kid},
        )


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def worth_nothing(token: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        TOKENS.read(token)
    assert caught.value.message == "The token or key is expired, revoked or not ours; log in again."
    assert caught.value.details == {}
    assert caught.value.__cause__ is None


def test_a_token_tells_whose_session_it_is_for_a_day() -> None:
    token = made()
    claims = TOKENS.read(token)
    assert (claims.user_id, claims.session_id) == ("usr_1", "ses_1")
    assert claims.expires_at_s == NOW_S + 24 * 3600
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": KEYRING.current, "typ": "JWT"}
    body = jwt.decode(token, options={"verify_signature": False})
    assert body.keys() == {"iss", "aud", "sub", "jti", "iat", "exp", "role"}
    assert TOKENS.read(forged()) == claims, "what is wrong below is what a test names"


def test_it_is_good_until_its_last_second_and_not_after() -> None:
    clock = FakeClock()
    tokens = Tokens(lambda: KEYRING, clock)
    token = tokens.make(user_id="u", session_id="s", role="member", expires_at_ms=clock.now_ms() + 10_000)
    clock.jump(9.9)
    assert tokens.read(token).user_id == "u"
    clock.jump(0.1)
    with pytest.raises(Unauthorized):
        tokens.read(token)


def test_tokens_outlive_a_change_of_secret_but_not_its_loss() -> None:
    token = made()
    changed, lost = Keyring([NEW_SECRET, SECRET]), Keyring([NEW_SECRET])
    assert Tokens(lambda: changed, CLOCK).read(token).user_id == "usr_1"
    with pytest.raises(Unauthorized):
        Tokens(lambda: lost, CLOCK).read(token)


@pytest.mark.parametrize(
    "token",
    [
        forged(key=Keyring([NEW_SECRET]).derive("token")),
        forged(key=KEYRING.derive("cursor")),
        forged(key=SECRET),
        forged(kid="someone-elses"),
        forged(kid=Keyring([NEW_SECRET]).current),
        forged(algorithm="HS384"),
        forged(algorithm="HS512"),
        forged(exp=NOW_S - 1),
        forged(exp=NOW_S),
        forged(iat=NOW_S + 61),
        forged(iss="another"),
        forged(aud="another"),
        *(forged(without=claim) for claim in ("iss", "aud", "sub", "jti", "iat", "exp")),
        forged(exp=float(NOW_S + 100)),
        forged(exp=str(NOW_S + 100)),
        forged(iat=[NOW_S]),
        forged(aud=[]),
        f"{part({'alg': 'none', 'typ': 'JWT', 'kid': KEYRING.current})}.{made().split('.')[1]}.",
        f"{part({'alg': 'none', 'kid': KEYRING.current})}.{made().split('.')[1]}.{made().split('.')[2]}",
        f"{part({'alg': 'None', 'kid': KEYRING.current})}.{made().split('.')[1]}.",
        f"{part({'alg': 'RS256', 'kid': KEYRING.current})}.{made().split('.')[1]}.{made().split('.')[2]}",
        f"{part({'alg': 'HS256', 'kid': ['x']})}.{made().split('.')[1]}.{made().split('.')[2]}",
        f"{part({'alg': 'HS256', 'kid': KEYRING.current, 'crit': ['b64'], 'b64': False})}.{made().split('.')[1]}.x",
        part({"alg": "HS256", "kid": KEYRING.current}),
        f"{made()}.{made()}",
        made()[:-2],
        f"{made()} ",
        made().swapcase(),
        "",
        "..",
        "null.null.null",
        "x" * 100_000,
        "wipsie.session.token",
        base64.urlsafe_b64encode(b"[" * 1_400).decode() + "..",
        base64.urlsafe_b64encode(b'{"a":' * 280).decode() + "..",
    ],
)
def test_whatever_is_wrong_is_told_in_the_same_words(token: str) -> None:
    worth_nothing(token)


def test_the_clocks_of_two_machines_may_differ_a_little() -> None:
    assert TOKENS.read(forged(iat=NOW_S + 59)).user_id == "usr_1"


def test_no_signature_fits_a_changed_claim() -> None:
    head, _, seal = made().split(".")
    changed = part({**jwt.decode(made(), options={"verify_signature": False}), "sub": "usr_2"})
    worth_nothing(f"{head}.{changed}.{seal}")


@given(st.text(max_size=200))
def test_no_text_gets_in_or_breaks_anything(text: str) -> None:
    worth_nothing(text)


@given(st.binary(max_size=120), st.binary(max_size=120), st.binary(max_size=40))
def test_nothing_in_the_form_of_a_token_gets_in(head: bytes, body: bytes, seal: bytes) -> None:
    worth_nothing(".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in (head, body, seal)))
