"""What a trusted server says counts, and what anybody could have written does not."""

from __future__ import annotations

import msgspec
import pytest
from corpus import Read, raw
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.mail.domain.mime import ParsedMail, verdicts_of
from wipsie.slices.mail.domain.mime.unreadable import unreadable_mail
from wipsie.slices.mail.domain.mime.verdicts import RESULTS

TRUSTED = frozenset({"MX.example.org"})


def told(read: Read, *fields: bytes, trusted: frozenset[str] = TRUSTED) -> dict[str, str]:
    return verdicts_of(read(raw(b"x", *fields)), trusted=trusted)


def by(text: bytes, server: bytes = b"mx.example.org") -> bytes:
    return b"Authentication-Results: " + server + b";" + text


def test_all_methods_of_a_trusted_server_are_told(read: Read) -> None:
    assert told(
        read,
        b"Authentication-Results: mx.Example.ORG 1 (Pigeon 3; spf=fail);\r\n"
        b" spf=pass (ann@example.org is (really) fine) smtp.mailfrom=ann@example.org;\r\n"
        b' dkim=PASS reason="good; dmarc=fail" header.d=example.org;\r\n\tdmarc/1 = pass policy.x="y"; arc=none; iprev=pass',
    ) == {"spf": "pass", "dkim": "pass", "dmarc": "pass", "arc": "none"}


def test_nobody_is_trusted_until_named(read: Read) -> None:
    fields = by(b"spf=pass"), b"Received-SPF: pass receiver=mx.example.org"
    assert told(read, *fields, trusted=frozenset()) == {}
    assert told(read, *fields, trusted=frozenset({"other.example.org"})) == {}
    assert told(read, *fields) == {"spf": "pass"}


@pytest.mark.parametrize(
    "server",
    [
        b"evil.example.org",
        b"mx.example.org.evil",
        b"(mx.example.org) evil",
        b"mx.example.org evil",
        b"mx.example.org 2",
        b"",
        b'"mx.example.org',
        b"spf=pass mx.example.org",
    ],
    ids=repr,
)
def test_what_only_looks_like_a_trusted_server_is_none(read: Read, server: bytes) -> None:
    assert told(read, by(b" dkim=pass", server)) == {}


def test_quotation_marks_around_a_server_do_not_matter(read: Read) -> None:
    assert told(read, by(b"spf=pass", b'"mx.example.org"')) == {"spf": "pass"}


@pytest.mark.parametrize(
    "text",
    [
        b"none",
        b"",
        b"dkim",
        b"dkim=",
        b"dkim=perfect",
        b"dmarc=bestguesspass",
        b"dkim=pass/ok",
        b"reason=x dkim=pass",
        b"(dkim=pass",
        b'x="dkim=pass',
        b"arc=permerror",
    ],
    ids=repr,
)
def test_what_is_no_registered_result_is_dropped(read: Read, text: bytes) -> None:
    assert told(read, by(text)) == {}


def test_one_good_signature_of_several_is_enough(read: Read) -> None:
    assert told(read, by(b"dkim=fail header.d=a; dkim=pass header.d=b; dkim=none")) == {"dkim": "pass"}
    assert told(read, by(b"dkim=neutral; dkim=temperror")) == {"dkim": "temperror"}


def test_spf_is_that_of_the_envelope_and_not_of_the_greeting(read: Read) -> None:
    assert told(read, by(b"spf=pass smtp.helo=evil.org; spf=fail smtp.mailfrom=a@b")) == {"spf": "fail"}


def test_the_topmost_field_that_tells_a_method_decides(read: Read) -> None:
    fields = by(b"spf=fail"), by(b"spf=pass; dkim=pass"), by(b"dmarc=pass", b"evil.example.org")
    assert told(read, *fields) == {"spf": "fail", "dkim": "pass"}


@pytest.mark.parametrize(
    ("field", "verdict"),
    [
        (b"Pass (mx.example.org: fine; really) client-ip=1.2.3.4; receiver=MX.example.org; helo=x", {"spf": "pass"}),
        (b'softfail receiver="mx.example.org"', {"spf": "softfail"}),
        (b"pass (receiver=mx.example.org) receiver=evil.example.org", {}),
        (b"pass (receiver=mx.example.org)", {}),
        (b"pass xreceiver=mx.example.org", {}),
        (b"unknown receiver=mx.example.org", {}),
        (b"pass identity=helo; receiver=mx.example.org", {}),
        (b"", {}),
    ],
    ids=repr,
)
def test_the_older_field_of_spf_counts_when_a_trusted_server_wrote_it(
    read: Read, field: bytes, verdict: dict[str, str]
) -> None:
    assert told(read, b"Received-SPF: " + field) == verdict


def test_the_newer_field_goes_before_the_older_one(read: Read) -> None:
    assert told(read, b"Received-SPF: pass receiver=mx.example.org", by(b"spf=fail")) == {"spf": "fail"}


def test_results_of_earlier_hops_are_never_believed(read: Read) -> None:
    assert told(read, b"ARC-Authentication-Results: i=1; mx.example.org; dkim=pass") == {}


@given(st.text(st.sampled_from('mxa.1;=() "\\dkimspfpass/\n'), max_size=200))
def test_any_field_is_read(text: str) -> None:
    mail = _with_authentication(
        f"Authentication-Results: {text}", f"Received-SPF: {text}", f"Authentication-Results: mx; {text}"
    )
    for method, result in verdicts_of(mail, trusted=frozenset({"mx", "a.1"})).items():
        assert result in RESULTS[method]


def _with_authentication(*fields: str) -> ParsedMail:
    return msgspec.structs.replace(unreadable_mail(b"", ""), authentication=fields)
