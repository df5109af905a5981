"""A webhook is Meta's when its signature fits its bytes, and only then."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.vault.domain.whatsapp.signature import is_signed, signature
from wipsie.slices.vault.domain.whatsapp.verification import challenge_answer

SECRET = "wipsie-demo-app-secret"
VECTORS = [
    (
        b'{"object":"whatsapp_business_account","entry":[]}',
        "b5572c344492ec329ff5d436fb185953b65437de55be7157e49295d14bb33b88",
    ),
    (
        b'{"object": "whatsapp_business_account", "entry": []}',
        "fb3c8ccd566b36b4aff9a828f0c32e6589bd9c9024af6da47532c68d44fa65b4",
    ),
    (
        rb'{"object":"whatsapp_business_account","note":"Caf\u00e9 \ud83d\ude00 a\u0040b.example https:\/\/x.example"}',
        "0173689cdbbdcaf53ccc31a0024f45e8e2cad1237dee59ab45b32e4de546a6d0",
    ),
    (
        '{"object":"whatsapp_business_account","note":"Café 😀 a@b.example https://x.example"}'.encode(),
        "c7f43f24438c8e8aff55aa37eee9c30276b9ba9f45ae3cef1f2bdec84b449003",
    ),
]
BODY, DIGEST = VECTORS[2]


@pytest.mark.parametrize(("body", "digest"), VECTORS)
def test_the_vectors_fit(body: bytes, digest: str) -> None:
    assert signature(body, SECRET) == digest
    assert is_signed(body, f"sha256={digest}", [SECRET])


def test_one_body_written_in_another_way_has_another_signature() -> None:
    rewritten = json.dumps(json.loads(BODY)).encode()
    assert json.loads(rewritten) == json.loads(BODY)
    assert not is_signed(rewritten, f"sha256={DIGEST}", [SECRET])


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        DIGEST,
        f"sha1={DIGEST}",
        f"sha256={DIGEST[:-1]}",
        f"sha256={DIGEST}0",
        f"sha256={DIGEST.upper()}",
        f"sha256= {DIGEST}",
        f"sha256={DIGEST}\n",
        f" sha256={DIGEST}",
        f"sha256={DIGEST},sha256={DIGEST}",
        "sha256=" + "0" * 64,
        "sha256=" + "é" * 64,
    ],
)
def test_any_other_header_is_refused(header: str | None) -> None:
    assert not is_signed(BODY, header, [SECRET])


def test_while_a_secret_is_replaced_both_are_valid_and_afterwards_one_is_not() -> None:
    header = f"sha256={DIGEST}"
    assert is_signed(BODY, header, ["the next secret", SECRET])
    assert not is_signed(BODY, header, ["the next secret"])


@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_a_secret_nothing_is_signed(secrets: list[str]) -> None:
    assert not is_signed(BODY, f"sha256={signature(BODY, '')}", secrets)


@given(st.binary(max_size=200), st.integers(0, 199), st.integers(1, 255))
def test_one_changed_byte_is_noticed(body: bytes, position: int, change: int) -> None:
    header = f"sha256={signature(body, SECRET)}"
    assert is_signed(body, header, [SECRET])
    if position < len(body):
        other = bytes(byte ^ change if index == position else byte for index, byte in enumerate(body))
        assert not is_signed(other, header, [SECRET])


ASKED = {"hub.mode": "subscribe", "hub.verify_token": "made-up", "hub.challenge": "1158200417"}


def test_the_challenge_comes_back_when_the_token_is_ours_also_while_it_is_replaced() -> None:
    assert challenge_answer(ASKED, ["made-up"]) == "1158200417"
    assert challenge_answer(ASKED, ["next", "made-up"]) == "1158200417"


@pytest.mark.parametrize(
    "change",
    [
        {"hub.mode": "unsubscribe"},
        {"hub.mode": ""},
        {"hub.verify_token": "made-u"},
        {"hub.verify_token": ""},
        {"hub.verify_token": "mädé-up"},
        {"hub.challenge": ""},
        {"hub.challenge": "<script>"},
        {"hub.challenge": "1" * 5000},
    ],
)
def test_any_other_question_gets_nothing(change: dict[str, str]) -> None:
    assert challenge_answer({**ASKED, **change}, ["made-up"]) is None


def test_no_parameters_and_no_tokens_get_nothing() -> None:
    assert challenge_answer({}, ["made-up"]) is None
    assert challenge_answer({**ASKED, "hub.verify_token": ""}, ["", *()]) is None
    assert challenge_answer(ASKED, []) is None
