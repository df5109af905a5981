"""Domains are compared in one form, whatever they look like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.mail.domain.origin.domain_names import ascii_domain, is_at_or_below, is_dns_name
from wipsie.slices.mail.domain.origin.organisations import organisation_of


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("Example.ORG", "example.org"),
        ("example.org.", "example.org"),
        ("_spf.a-b.example", "_spf.a-b.example"),
        ("localhost", "localhost"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("bücher.example.", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        # Not the same as fass.example.
        ("faß.example", "xn--fa-hia.example"),
        # Full stops of other scripts look like one, and are one.
        ("bank。example", "bank.example"),
        ("ban\u212a.example", "bank.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_a_domain_has_one_form(written: str, domain: str) -> None:
    assert ascii_domain(written) == domain


@pytest.mark.parametrize(
    "written",
    [
        "",
        ".",
        "a..b",
        ".org",
        "example.org..",
        "[192.0.2.1]",
        "exa mple.org",
        "exam@ple.org",
        "-a.example",
        "a-.example",
        "a\\.example",
        "a\x00.example",
        "a" * 64 + ".example",
        "a." * 127 + "org",
        "ü" * 100 + ".example",
        "\u200d.example",
        "\ufffd.example",
        "ü." * 2_000,
    ],
    ids=lambda written: repr(written)[:30],
)
def test_what_is_no_domain_has_none(written: str) -> None:
    assert ascii_domain(written) is None


@given(st.text(max_size=300))
def test_whatever_is_a_domain_is_its_own_form_and_a_name_of_dns(written: str) -> None:
    domain = ascii_domain(written)
    if domain is not None:
        assert ascii_domain(domain) == domain
        assert is_dns_name(domain)


def test_names_of_dns_hold_more_than_domains() -> None:
    assert is_dns_name("ann+tag=x.example.org")
    assert is_dns_name("org")
    for name in ("", "a..b", "a b.example", "ü.example", "a" * 64, "a." * 127 + "a", "a\n.example"):
        assert not is_dns_name(name)


def test_a_name_below_a_domain_ends_in_a_whole_label() -> None:
    assert is_at_or_below("example.org", "example.org")
    assert is_at_or_below("mx.example.org", "example.org")
    assert not is_at_or_below("badexample.org", "example.org")
    assert not is_at_or_below("org", "example.org")


@pytest.mark.parametrize(
    ("domain", "organisation"),
    [
        ("example.org", "example.org"),
        ("a.b.example.org", "example.org"),
        ("a.b.example.co.uk", "example.co.uk"),
        # Whoever gives names away to others is not in one organisation with them.
        ("ann.github.io", "ann.github.io"),
        ("a.www.ck", "www.ck"),
        ("a.b.c.ck", "b.c.ck"),
        ("a.b.xn--fiqs8s", "b.xn--fiqs8s"),
        ("a.example.nowhere", "example.nowhere"),
        ("co.uk", "co.uk"),
        ("org", "org"),
    ],
)
def test_an_organisation_is_what_somebody_registered(domain: str, organisation: str) -> None:
    assert organisation_of(domain) == organisation
