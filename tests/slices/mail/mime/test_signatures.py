"""A signature is good for the mail that was signed and for no other; nothing a stranger writes makes checking it expensive."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given, settings
from hypothesis import strategies as st
from signing import MESSAGE, rsa_key, sealed, signed_ed25519, signed_rsa

from wipsie.slices.mail.domain.mime.body_forms import lines_of, relaxed_body, simple_body
from wipsie.slices.mail.domain.mime.key_records import FAILED_LOOKUPS_MAX, LOOKUPS_MAX, DnsUnavailable
from wipsie.slices.mail.domain.mime.signatures import CheckedSignature, CheckedSignatures, check_signatures

Texts = Callable[[bytes], bytes | None]


def texts(found: Mapping[bytes, bytes] | None = None) -> Texts:
    """The keys of `signing`, and `found` beside them, by selector."""
    records = {b"one": rsa_key().record, **(found or {})}
    return {selector + b"._domainkey.example.org.": record for selector, record in records.items()}.get


def unavailable(name: bytes) -> bytes | None:
    raise DnsUnavailable(name.decode())


def dkim_of(content: bytes, dns_txt: Texts | None = None) -> str:
    return check_signatures(content, dns_txt or texts()).dkim


def arc_of(content: bytes, dns_txt: Texts | None = None) -> str:
    return check_signatures(content, dns_txt or texts()).arc


def without(name: bytes) -> bytes | None:
    pytest.fail(f"{name!r} was looked up")


def test_a_mail_without_signatures_has_none_and_asks_nobody() -> None:
    nothing = CheckedSignatures(dkim="none", arc="none")
    assert check_signatures(MESSAGE, without) == check_signatures(b"", without) == nothing


@pytest.mark.parametrize("header", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
def test_a_signature_is_good_in_every_form(header: bytes, body: bytes) -> None:
    signed = signed_rsa(canonicalize=(header, body))
    assert dkim_of(signed) == "pass"
    assert dkim_of(signed.replace(b"\r\n", b"\n")) == "pass"
    assert dkim_of(signed.replace(b"second", b"sekond")) == "fail"
    assert dkim_of(signed.replace(b"a  folded", b"a  bolded")) == "fail"
    assert dkim_of(b"From: eve@example.org\r\n" + signed) == "fail"
    assert dkim_of(b"Received: from a by b\r\n" + signed) == "pass"
    # What the relaxed forms, and they alone, leave to relays.
    assert dkim_of(signed.replace(b"First  line ", b"First line")) == ("pass" if body == b"relaxed" else "fail")
    assert dkim_of(signed.replace(b"a  folded\r\n subject", b"a folded subject")) == (
        "pass" if header == b"relaxed" else "fail"
    )
    assert dkim_of(signed + b"\r\n\r\n") == "pass"


def test_a_second_sender_does_not_slip_in_beside_the_one_that_signed() -> None:
    signed = signed_rsa(include_headers=[b"from", b"subject"])
    assert dkim_of(signed) == "pass"
    assert dkim_of(b"From: eve@example.org\r\n" + signed) == "fail"


def test_ed25519_is_checked_as_well() -> None:
    signed, record = signed_ed25519()
    keys = texts({b"two": record})
    assert dkim_of(signed, keys) == "pass"
    assert dkim_of(signed.replace(b"second", b"sekond"), keys) == "fail"
    assert dkim_of(signed.replace(b"a  folded", b"a  bolded"), keys) == "fail"
    assert dkim_of(signed, texts({b"two": signed_ed25519()[1]})) == "fail"
    # A key of one kind is none of the other.
    assert dkim_of(signed, texts({b"two": rsa_key().record})) == "permerror"


def test_one_good_signature_of_several_is_enough() -> None:
    broken = b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=none; h=from; bh=AAAA; b=AAAA\r\n"
    assert dkim_of(broken + signed_rsa()) == "pass"
    assert dkim_of(broken + MESSAGE) == "fail"
    assert dkim_of(b"DKIM-Signature: nonsense\r\n" * 10 + signed_rsa()) == "permerror"


def test_of_each_signature_it_is_told_who_signed() -> None:
    broken = b"DKIM-Signature: v=1; a=rsa-sha256; d=Other.Example; s=none; h=from; bh=AAAA; b=AAAA\r\n"
    checked = check_signatures(b"DKIM-Signature: nonsense\r\n" + broken + signed_rsa(), texts())
    assert checked.signatures == (
        CheckedSignature(result="permerror", domain=""),
        CheckedSignature(result="fail", domain="Other.Example"),
        CheckedSignature(result="pass", domain="example.org"),
    )


RECORDS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "only a key": (lambda key: b"p=" + key, "pass"),
    "more than a key": (lambda key: b"v=DKIM1; t=y; s=email; h=sha1:sha256; n=any text; p=" + key, "pass"),
    "blanks in the key": (lambda key: b" v = DKIM1 ;p = " + key[:50] + b" \t" + key[50:], "pass"),
    "taken back": (lambda _: b"v=DKIM1; p=", "permerror"),
    "no key": (lambda _: b"v=DKIM1; k=rsa", "permerror"),
    "another version": (lambda key: b"v=DKIM2; p=" + key, "permerror"),
    "another service": (lambda key: b"s=tlsrpt; p=" + key, "permerror"),
    "another hash": (lambda key: b"h=sha1; p=" + key, "permerror"),
    "another type": (lambda key: b"k=ed25519; p=" + key, "permerror"),
    "bytes that are no key": (lambda _: b"p=AAAA", "permerror"),
    "no base64": (lambda _: b"p=\xff", "permerror"),
    "text": (lambda _: b"any text at all", "permerror"),
    "nothing": (lambda _: b"", "permerror"),
    "too long": (lambda key: b"n=" + b"x" * 5_000 + b"; p=" + key, "permerror"),
}


@pytest.mark.parametrize(("record_of", "result"), RECORDS.values(), ids=RECORDS)
def test_a_record_decides_about_its_key(record_of: Callable[[bytes], bytes], result: str) -> None:
    key = rsa_key().record.rpartition(b"p=")[2]
    assert dkim_of(signed_rsa(), texts({b"one": record_of(key)})) == result


def test_a_key_may_be_for_the_whole_domain_alone() -> None:
    keys = texts({b"one": rsa_key().record + b"; t=s"})
    assert dkim_of(signed_rsa(identity=b"@example.org"), keys) == "pass"
    assert dkim_of(signed_rsa(identity=b"@sub.example.org"), keys) == "permerror"
    assert dkim_of(signed_rsa(identity=b"@sub.example.org")) == "pass"


def _public(modulus: int, exponent: int) -> bytes:
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return b"v=DKIM1; p=" + base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize(
    ("record", "result"),
    [
        (_public((1 << 1022) + 1, 65537), "policy"),
        (_public((1 << 8200) + 1, 65537), "permerror"),
        (_public((1 << 2047) + 1, (1 << 33) + 1), "permerror"),
    ],
    ids=["short", "long", "large exponent"],
)
def test_keys_that_prove_nothing_or_cost_too_much_are_not_used(record: bytes, result: str) -> None:
    assert dkim_of(signed_rsa(), texts({b"one": record})) == result


def test_an_end_of_the_body_that_is_open_is_no_pass() -> None:
    signed = signed_rsa(length=True)
    assert dkim_of(signed) == "pass"
    assert dkim_of(signed + b"and an offer nobody signed\r\n") == "policy"
    assert dkim_of(signed.replace(b"second\tline\r\n", b"")) == "permerror"


@pytest.mark.parametrize(
    "change",
    [
        (b"v=1;", b"v=2;"),
        (b"a=rsa-sha256;", b"a=rsa-sha1;"),
        (b"a=rsa-sha256;", b"a=none;"),
        (b"a=rsa-sha256;", b"a=rsa-sha256; a=rsa-sha256;"),
        (b"c=relaxed/simple;", b"c=loose;"),
        (b"d=example.org;", b""),
        (b"d=example.org;", b"d=" + b"a." * 200 + b"org; i=@" + b"a." * 200 + b"org; j="),
        (b"s=one;", b"s=other;"),
        (b" bh=", b" bh=*"),
        (b"t=", b"t=9"),
        (b"t=", b"l=" + b"9" * 70 + b"; t="),
        (b"t=", b"x=1; t="),
        (b"t=", b"x=" + b"9" * 5_000 + b"; t="),
        (b"t=", b"z=" + b" " * 1_000 + b"; t="),
        (b"t=", b"z=" + b"a" * 20_000 + b"; t="),
        (b"h=", b"h=" + b"a:" * 600),
        (b"from", b"form"),
    ],
    ids=lambda change: repr(change[1])[:40],
)
def test_a_signature_that_breaks_the_rules_is_never_good(change: tuple[bytes, bytes]) -> None:
    signed = signed_rsa()
    place = signed.index(b"From: ")
    changed = signed[:place].replace(*change) + signed[place:]
    assert changed != signed
    assert dkim_of(changed) == "permerror"


def test_a_resolver_that_does_not_answer_is_asked_a_few_times_and_says_nothing() -> None:
    asked: list[bytes] = []

    def counting(name: bytes) -> bytes | None:
        asked.append(name)
        raise DnsUnavailable("no answer")

    mail = MESSAGE
    for number in range(9):
        mail = signed_rsa(mail, selector=b"s%d" % number)
    assert dkim_of(mail, counting) == "temperror"
    assert len(asked) == len(set(asked)) == FAILED_LOOKUPS_MAX


def test_a_key_is_looked_up_once_and_not_more_than_so_many() -> None:
    asked: list[bytes] = []

    def counting(name: bytes) -> bytes | None:
        asked.append(name)
        return texts()(name)

    mail = MESSAGE
    for _ in range(5):
        mail = signed_rsa(mail)
    assert dkim_of(mail, counting) == "pass"
    assert asked == [b"one._domainkey.example.org."]
    chained = MESSAGE
    for instance in range(1, 30):
        chained = sealed(chained, instance, cv=b"none" if instance == 1 else b"pass", selector=b"s%d" % instance)
    asked.clear()
    assert arc_of(chained, counting) != "pass"
    assert len(asked) == LOOKUPS_MAX


def test_a_chain_is_good_as_a_whole_or_not_at_all() -> None:
    first = sealed(MESSAGE, 1, cv=b"none")
    assert arc_of(first) == "pass"
    second = sealed(b"X-List: added on the way\r\n" + first, 2, cv=b"pass")
    assert arc_of(second) == "pass"
    assert dkim_of(second) == "none"
    assert arc_of(second.replace(b"second", b"sekond")) == "fail"
    assert arc_of(second.replace(b"spf=pass", b"spf=fail", 1)) == "fail"
    assert arc_of(sealed(first, 2, cv=b"none")) == "fail"
    assert arc_of(sealed(first, 2, cv=b"fail")) == "fail"
    assert arc_of(sealed(first, 3, cv=b"pass")) == "fail"
    assert arc_of(sealed(MESSAGE, 1, cv=b"pass")) == "fail"
    assert arc_of(second, unavailable) == "temperror"
    assert arc_of(second, texts({b"one": b"v=DKIM1; p="})) == "fail"


def test_a_forwarder_may_have_changed_what_it_sealed_anew() -> None:
    first = sealed(MESSAGE, 1, cv=b"none")
    assert arc_of(sealed(first.replace(b"second", b"sekond"), 2, cv=b"pass")) == "pass"


@pytest.mark.parametrize(
    "field",
    [
        b"ARC-Seal: i=1",
        b"ARC-Seal: nonsense",
        b"ARC-Message-Signature: i=99999999999999999999",
        b"ARC-Authentication-Results: i=" + b"9" * 5_000,
        b"ARC-Seal: i=1;" + b" " * 500,
        b"\r\n".join(b"ARC-Seal: i=%d" % number for number in range(1, 200)),
    ],
    ids=lambda field: repr(field)[:40],
)
def test_a_chain_that_breaks_the_rules_is_never_good(field: bytes) -> None:
    assert arc_of(field + b"\r\n" + MESSAGE, without) == "fail"


def test_a_header_beyond_the_bounds_is_never_good() -> None:
    fields = b"X-A: b\r\n" * 2_000
    assert check_signatures(fields + signed_rsa(), without) == CheckedSignatures(dkim="permerror", arc="fail")
    signed = signed_rsa()
    place = signed.index(b"From: ")
    assert dkim_of(signed[:place] + fields[:6_400] + signed[place:]) == "pass"
    assert dkim_of(signed[:place] + fields + signed[place:], without) == "permerror"


def test_bad_signatures_leave_no_lines_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    check_signatures(sealed(signed_rsa(), 1, cv=b"none").replace(b"second", b"sekond"), unavailable)
    assert caplog.records == []


# ---------------------------------------------------------------------------------------------------------- properties


@given(st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"\r", b"  ", b"b c"]), max_size=30).map(b"".join))
def test_bodies_have_the_forms_dkimpy_gives_them(body: bytes) -> None:
    # Of a body without a line end at its end RFC 6376 says that it gets one, before anything else.
    lines = lines_of(body)
    assert simple_body(lines) == cast("Any", Simple).canonicalize_body(lines or b"\r\n")
    assert relaxed_body(lines) == cast("Any", Relaxed).canonicalize_body(lines or b"\r\n")


@cache
def _signed(number: int) -> bytes:
    return (signed_rsa(), sealed(sealed(signed_rsa(), 1, cv=b"none"), 2, cv=b"pass"))[number]


_RESULTS = {"none", "pass", "fail", "policy", "temperror", "permerror"}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_bytes_are_checked(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from([0, 1]).map(_signed) | st.binary(max_size=100))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        noise = data.draw(st.sampled_from([b";", b"=", b"\r\n", b"i=", b" ", b"b=", b"\xff"]) | st.binary(max_size=5))
        content = content[:start] + noise + content[start + data.draw(st.integers(0, 5)) :]
    record = data.draw(st.sampled_from([rsa_key().record, None, b"v=DKIM1; p=x"]) | st.binary(max_size=50))
    results = check_signatures(content, lambda _: record)
    assert {results.dkim, results.arc} <= _RESULTS
