"""Digests, sizes and places of media, and where the token may go."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webhook_samples import SHA_BASE64, SHA_HEX, numbered

from wipsie.slices.vault.domain.whatsapp.media import (
    MediaPlace,
    is_media_url,
    read_media_id,
    read_media_place,
    sha256_hex,
    size_of,
)


@given(st.binary())
def test_a_digest_is_the_same_however_it_is_written(content: bytes) -> None:
    digest = hashlib.sha256(content)
    standard, safe = base64.b64encode(digest.digest()).decode(), base64.urlsafe_b64encode(digest.digest()).decode()
    for written in (digest.hexdigest(), digest.hexdigest().upper(), standard, standard.rstrip("="), safe):
        assert sha256_hex(written) == digest.hexdigest()


@pytest.mark.parametrize(
    "written", [None, 5, "", "abc", SHA_HEX[:-1], SHA_BASE64[:-5], "é" * 44, "=" * 44, "A" * 5000], ids=numbered()
)
def test_what_is_no_digest_is_none(written: Any) -> None:
    assert sha256_hex(written) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("303833", 303833),
        (303833, 303833),
        (303833.0, 303833),
        (0, 0),
        (-1, None),
        ("x", None),
        (True, None),
        (2**60, None),
    ],
    ids=numbered(),
)
def test_sizes_are_numbers_or_texts(written: Any, expected: int | None) -> None:
    assert size_of(written) == expected


def test_a_place_is_read_from_the_answer_to_a_look_up() -> None:
    answer = {
        "messaging_product": "whatsapp",
        "url": "https://lookaside.fbsbx.com/a?mid=1",
        "mime_type": "application/pdf",
        "sha256": SHA_BASE64,
        "file_size": "303833",
        "id": "1",
    }
    assert read_media_place(answer) == MediaPlace(
        url="https://lookaside.fbsbx.com/a?mid=1", mime_type="application/pdf", sha256=SHA_HEX, size=303833
    )
    assert read_media_place({"url": 5}) is None
    assert read_media_id({"id": "970000000000301"}) == "970000000000301"
    assert read_media_id({}) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
        "https://scontent.xx.fbcdn.net:443/v/t1",
        "https://mmg.whatsapp.net/x",
        "https://graph.facebook.com/x",
    ],
)
def test_the_token_goes_to_hosts_of_meta(url: str) -> None:
    assert is_media_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://lookaside.fbsbx.com/x",
        "https://fbsbx.com.evil.example/x",
        "https://evilfbsbx.com/x",
        "https://fbsbx.com@evil.example/x",
        "https://user:pass@lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com:8443/x",
        "https://169.254.169.254/latest",
        "https://lookaside.fbsbx.com\n.evil.example/",
        "https://[::1/x",
        "https://lookaside.fbsbx.com:99999/",
        "ftp://lookaside.fbsbx.com/x",
        "//lookaside.fbsbx.com/x",
    ],
)
def test_the_token_goes_nowhere_else(url: str) -> None:
    assert not is_media_url(url)


def test_a_stand_in_is_reached_when_it_is_named_and_by_its_scheme_alone() -> None:
    assert is_media_url("http://127.0.0.1:8090/media/1", "http://127.0.0.1:8090/graph")
    assert is_media_url("https://Graph.example/media/1", "https://graph.example:443")
    assert not is_media_url("http://127.0.0.1:8091/media/1", "http://127.0.0.1:8090")
    assert not is_media_url("http://127.0.0.1:8090/media/1")
    assert not is_media_url("http://graph.facebook.com/x", "https://graph.facebook.com")
    assert not is_media_url("http://graph.facebook.com:443/x", "https://graph.facebook.com")
    assert not is_media_url("http://user@127.0.0.1:8090/media/1", "http://127.0.0.1:8090")
