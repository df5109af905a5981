"""Signed links: only we make them, every changed one is refused, and nothing but `LinkRefused` comes of any text."""

from __future__ import annotations

import base64
import hmac
import re
import string

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wipsie.blobs.signed_links import LINK_CHARACTERS_MAX, LINK_S_MAX, LinkFault, LinkRefused, LinkSigner, SignedLink
from wipsie.kernel.errors import ConfigurationError, InvalidInput

KEY = bytes(range(32))
NEWER = bytes(range(32, 64))
SIGNER = LinkSigner([KEY])
NOW_MS = 1_795_300_000_000
# Made once by this form; links like it are in people's chats.
FIRST_LINK = "AfJsoUil42uc1wFgEankP25HpDde4fEnUHqD_8NDnse9xK7BrNPUTEOVrHJlcF8wMTkzZjBjMqVvd25fMaNnZXTPAAABogBBKMDEEEN0LkKz4npvtztjRh0TiB0"

printable = st.characters(min_codepoint=33, max_codepoint=126)
ids = st.text(printable, min_size=1, max_size=128)
purposes = st.text(printable, min_size=1, max_size=32)
links = st.text(st.sampled_from(string.ascii_letters + string.digits + "-_"), max_size=600)


def made(signer: LinkSigner = SIGNER, *, purpose: str = "get", lifetime_s: float = 600) -> str:
    text, _ = signer.sign(object_id="rep_1", owner_id="own_1", purpose=purpose, now_ms=NOW_MS, lifetime_s=lifetime_s)
    return text


def reason(
    text: str, signer: LinkSigner = SIGNER, *, now_ms: int = NOW_MS, purposes: tuple[str, ...] = ("get",)
) -> LinkFault:
    with pytest.raises(LinkRefused) as refusal:
        signer.check(text, purposes=purposes, now_ms=now_ms)
    return refusal.value.reason


@settings(deadline=None, max_examples=100)
@given(ids, ids, purposes, st.integers(0, 2**44), st.integers(1, LINK_S_MAX))
def test_a_link_says_what_it_was_made_for_until_it_ends(
    object_id: str, owner_id: str, purpose: str, now_ms: int, lifetime_s: int
) -> None:
    text, link = SIGNER.sign(
        object_id=object_id, owner_id=owner_id, purpose=purpose, now_ms=now_ms, lifetime_s=lifetime_s
    )
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert len(text) <= LINK_CHARACTERS_MAX
    end_ms = now_ms + lifetime_s * 1000
    assert SIGNER.check(text, purposes=[purpose], now_ms=now_ms) == link
    assert SIGNER.check(text, purposes=[purpose], now_ms=end_ms - 1) == link
    assert (link.object_id, link.owner_id, link.purpose, link.expires_at_ms) == (object_id, owner_id, purpose, end_ms)
    assert reason(text, now_ms=end_ms, purposes=(purpose,)) is LinkFault.EXPIRED


def test_any_character_that_is_changed_left_out_or_added_is_found() -> None:
    text = made()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \n\x00é"
    for position in range(len(text)):
        for letter in letters:
            changed = text[:position] + letter + text[position + 1 :]
            if changed != text:
                assert reason(changed) in (LinkFault.ALTERED, LinkFault.UNKNOWN_KEY)
        assert reason(text[:position] + text[position + 1 :]) in (LinkFault.ALTERED, LinkFault.UNKNOWN_KEY)
        assert reason(text[:position]) is not LinkFault.EXPIRED
    for more in ("A", "AA", "AAAA", "=", "==", " ", "\n", "-"):
        assert reason(text + more) is LinkFault.ALTERED


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=700) | links)
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    assert reason(text) in LinkFault


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_bytes_behind_the_head_of_a_real_link_are_refused(noise: bytes) -> None:
    head = base64.urlsafe_b64decode(made() + "==")[:9]
    assert reason(base64.urlsafe_b64encode(head + noise).decode().rstrip("=")) is LinkFault.ALTERED


def test_a_link_is_for_its_purpose() -> None:
    assert reason(made(purpose="share")) is LinkFault.ALTERED
    assert SIGNER.check(made(purpose="share"), purposes=("get", "share"), now_ms=NOW_MS).purpose == "share"
    assert reason(made(), purposes=()) is LinkFault.ALTERED


def test_an_expired_link_of_a_stranger_is_altered_and_not_expired() -> None:
    other = made(LinkSigner([NEWER]))
    same_id = base64.urlsafe_b64decode(made() + "==")[:9] + base64.urlsafe_b64decode(other + "==")[9:]
    text = base64.urlsafe_b64encode(same_id).decode().rstrip("=")
    assert reason(text, now_ms=NOW_MS + 10**12) is LinkFault.ALTERED


def test_links_of_an_old_key_are_good_until_it_goes() -> None:
    old = made()
    rotated = LinkSigner([NEWER, KEY])
    assert rotated.check(old, purposes=["get"], now_ms=NOW_MS).object_id == "rep_1"
    new = made(rotated)
    assert reason(new) is LinkFault.UNKNOWN_KEY
    gone = LinkSigner([NEWER])
    assert gone.check(new, purposes=["get"], now_ms=NOW_MS).object_id == "rep_1"
    assert reason(old, gone) is LinkFault.UNKNOWN_KEY


def test_no_two_links_are_alike() -> None:
    assert len({made() for _ in range(200)}) == 200


def test_a_link_that_was_made_with_the_first_release_is_good() -> None:
    link = SIGNER.check(FIRST_LINK, purposes=["get"], now_ms=NOW_MS)
    assert link == SignedLink("rep_0193f0c2", "own_1", "get", NOW_MS + 600_000, link.nonce)


def test_a_program_that_knows_only_the_description_checks_our_links() -> None:
    raw = base64.urlsafe_b64decode(FIRST_LINK + "=" * (-len(FIRST_LINK) % 4))
    head, seal, fields = raw[:9], raw[9:41], raw[41:]
    assert head == b"\x01" + hmac.digest(KEY, b"wipsie signed link key id", "sha256")[:8]
    assert seal == hmac.digest(KEY, b"wipsie signed link\x00" + head + fields, "sha256")
    assert msgspec.msgpack.decode(fields)[:4] == ["rep_0193f0c2", "own_1", "get", NOW_MS + 600_000]


@pytest.mark.parametrize(
    "change",
    [
        {"object_id": ""},
        {"owner_id": ""},
        {"purpose": ""},
        {"object_id": "x" * 129},
        {"purpose": "x" * 33},
        {"object_id": "a b"},
        {"owner_id": "é"},
        {"owner_id": "own\n"},
        {"object_id": "\ud800"},
        {"lifetime_s": 0},
        {"lifetime_s": -1},
        {"lifetime_s": LINK_S_MAX + 1},
        {"lifetime_s": float("nan")},
        {"lifetime_s": float("inf")},
    ],
    ids=repr,
)
def test_a_link_that_could_not_be_checked_is_not_made(change: dict[str, str | float]) -> None:
    fields = {"object_id": "rep_1", "owner_id": "own_1", "purpose": "get", "lifetime_s": 600.0, **change}
    with pytest.raises(InvalidInput):
        SIGNER.sign(now_ms=NOW_MS, **fields)  # pyright: ignore[reportArgumentType]


def test_what_a_visitor_is_told_does_not_say_how_a_link_was_wrong() -> None:
    told = set[str]()
    for text, signer in (
        (made()[:-1] + "!", SIGNER),
        (made(LinkSigner([NEWER])), SIGNER),
        (made(purpose="share"), SIGNER),
    ):
        with pytest.raises(LinkRefused) as refusal:
            signer.check(text, purposes=["get"], now_ms=NOW_MS)
        told.add(f"{refusal.value.message} {refusal.value.details} {refusal.value.status} {refusal.value.code}")
    assert len(told) == 1


@pytest.mark.parametrize("keys", [[], [b""], [KEY[:31]], [KEY, b"short"]])
def test_keys_that_could_be_guessed_are_refused(keys: list[bytes]) -> None:
    with pytest.raises(ConfigurationError):
        LinkSigner(keys)
