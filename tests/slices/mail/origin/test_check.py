"""What is found out about a mail depends on who brought it, and never says more than is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from signed_mails import MAIL, key_record, signed
from zones import Names, client

from wipsie.slices.mail.domain.origin.check import check_origin

AUTHORS = ["ann@example.org"]
EVE = "eve@evil.example"
UNSIGNED = {"dkim": "none", "arc": "none"}


def zone(**more: Any) -> dict[str, Any]:
    """Two domains with policies, one client each, and keys."""
    return {
        "example.org": {"TXT": "v=spf1 ip4:192.0.2.1 -all"},
        "_dmarc.example.org": {"TXT": "v=DMARC1; p=reject"},
        "one._domainkey.example.org": {"TXT": key_record()},
        "evil.example": {"TXT": "v=spf1 ip4:192.0.2.66 -all"},
        "_dmarc.evil.example": {"TXT": "v=DMARC1; p=reject"},
        "one._domainkey.evil.example": {"TXT": key_record()},
        **more,
    }


def test_a_mail_from_a_client_of_its_author_passes() -> None:
    assert check_origin(MAIL, AUTHORS, client(), Names(zone())) == {"spf": "pass", "dmarc": "pass", **UNSIGNED}


def test_a_mail_that_was_forwarded_passes_by_its_signature() -> None:
    found = check_origin(signed("example.org"), AUTHORS, client("198.51.100.1"), Names(zone()))
    assert found == {"spf": "fail", "dkim": "pass", "dmarc": "pass", "arc": "none"}


def test_a_forged_author_fails_whatever_else_passes() -> None:
    found = check_origin(signed("evil.example"), AUTHORS, client("192.0.2.66", sender=EVE), Names(zone()))
    assert found == {"spf": "pass", "dkim": "pass", "dmarc": "fail", "arc": "none"}


def test_a_forged_author_among_others_fails() -> None:
    found = check_origin(signed("evil.example"), [EVE, *AUTHORS], client("192.0.2.66", sender=EVE), Names(zone()))
    assert found["dmarc"] == "fail"


def test_a_bounce_is_judged_by_the_name_of_its_client() -> None:
    names = Names(zone(**{"mx.example.org": {"TXT": "v=spf1 a -all", "A": "192.0.2.1"}}))
    found = check_origin(MAIL, ["mailer-daemon@example.org"], client(sender=""), names)
    assert found == {"spf": "pass", "dmarc": "pass", **UNSIGNED}


@pytest.mark.parametrize("authors", [[], ["ann@[192.0.2.1]"], [*AUTHORS, "bob@-"]], ids=str)
def test_an_author_that_cannot_be_judged_is_an_error_and_not_one_without_a_policy(authors: list[str]) -> None:
    assert check_origin(MAIL, authors, client(), Names(zone()))["dmarc"] == "permerror"


def test_a_domain_that_publishes_nothing_has_no_results() -> None:
    found = check_origin(MAIL, ["ann@none.example"], client(sender="ann@none.example"), Names({}))
    assert found == {"spf": "none", "dmarc": "none", **UNSIGNED}


def test_a_resolver_that_does_not_answer_makes_nothing_pass_or_fail() -> None:
    names = Names(dict.fromkeys(zone()))
    found = check_origin(signed("example.org"), AUTHORS, client(), names)
    assert found == {"spf": "temperror", "dkim": "temperror", "dmarc": "temperror", "arc": "none"}


def test_names_of_strangers_that_get_no_answer_do_not_hide_that_an_author_is_forged() -> None:
    slow = {"evil.example": None, "one._domainkey.evil.example": None}
    names = Names(zone(**slow))
    found = check_origin(signed("evil.example"), AUTHORS, client(sender=EVE), names)
    assert found == {"spf": "temperror", "dkim": "temperror", "dmarc": "fail", "arc": "none"}
    assert names.asked[0] == ("_dmarc.example.org", "TXT")


# ------------------------------------------------------------------------------------- mails that came another way


def test_without_a_client_a_signature_of_the_author_passes() -> None:
    assert check_origin(signed("example.org"), AUTHORS, None, Names(zone())) == {
        "dkim": "pass",
        "dmarc": "pass",
        "arc": "none",
    }


UNPROVEN: dict[str, tuple[Callable[[], bytes], list[str]]] = {
    "no signature": (lambda: MAIL, AUTHORS),
    "of another": (lambda: signed("evil.example"), AUTHORS),
    "broken": (lambda: signed("example.org").replace(b"text", b"tekst"), AUTHORS),
    "of one of two authors": (lambda: signed("example.org"), [*AUTHORS, EVE]),
    "no author": (lambda: signed("example.org"), []),
}


@pytest.mark.parametrize(("content", "authors"), UNPROVEN.values(), ids=UNPROVEN)
def test_without_a_client_nothing_but_a_pass_is_said_and_no_policy_is_asked_for(
    content: Callable[[], bytes], authors: list[str]
) -> None:
    names = Names(zone())
    assert set(check_origin(content(), authors, None, names)) == {"dkim", "arc"}
    assert not [name for name, _ in names.asked if name.startswith("_dmarc")]


@pytest.mark.parametrize(
    "policy", [{"TXT": "noise"}, None, {"TXT": "v=DMARC1; p=reject; adkim=s"}, {"TXT": "v=DMARC1"}], ids=str
)
def test_without_a_client_a_policy_that_is_not_met_says_nothing(policy: Any) -> None:
    below = {"one._domainkey.mail.example.org": {"TXT": key_record()}, "_dmarc.example.org": policy}
    found = check_origin(signed("mail.example.org"), AUTHORS, None, Names(zone(**below)))
    assert found == {"dkim": "pass", "arc": "none"}


def test_of_a_mail_too_large_to_be_read_the_client_alone_is_judged() -> None:
    assert check_origin(None, AUTHORS, client(), Names(zone())) == {"spf": "pass", "dmarc": "pass"}
    assert check_origin(None, AUTHORS, client("192.0.2.2"), Names(zone())) == {"spf": "fail"}
    assert check_origin(None, AUTHORS, None, Names(zone())) == {}
