"""A mail passes DMARC when what passed is in the name of its author, as the author's domain wants it judged."""

from __future__ import annotations

from typing import Any, cast

import pytest
from zones import Names, Zone

from wipsie.slices.mail.domain.mime.parsed import AUTHORS_MAX
from wipsie.slices.mail.domain.origin.dmarc import (
    AUTHOR_DOMAINS_MAX,
    Evidence,
    author_domains,
    check_authors,
)
from wipsie.slices.mail.domain.origin.dmarc_policy import (
    POLICY_CHARACTERS_MAX,
    DmarcPolicy,
    NoPolicy,
    find_policy,
)

RELAXED = DmarcPolicy()


def policy(*texts: str) -> DmarcPolicy | NoPolicy:
    return find_policy("example.org", Names({"_dmarc.example.org": {"TXT": texts}}))


def dmarc(
    *evidence: tuple[str, str, str], policy: DmarcPolicy | NoPolicy = RELAXED, author: str = "example.org"
) -> str:
    """`evidence`: method, result, domain."""
    found = [Evidence(method=cast("Any", method), result=result, domain=domain) for method, result, domain in evidence]
    return check_authors({author: policy}, found)


# ------------------------------------------------------------------------------------------------------------ policies


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("v=DMARC1; p=none", RELAXED),
        ("v=DMARC1;p=reject;adkim=s;aspf=s", DmarcPolicy(is_dkim_strict=True, is_spf_strict=True)),
        ("v = DMARC1 ; P = Reject ; ADKIM = S ; aspf = r ;", DmarcPolicy(is_dkim_strict=True)),
        ("v=DMARC1; sp=quarantine; p=none; unknown=x; aspf=strict", RELAXED),
        ("v=DMARC1; p=none; adkim=r; adkim=s", RELAXED),
        # Who only wants reports is told of them.
        ("v=DMARC1; rua=mailto:a@example.org", RELAXED),
        ("v=DMARC1; p=foo; rua=a,mailto:a@example.org", RELAXED),
        ("v=DMARC1; p=none; sp=foo; rua=mailto:a@example.org", RELAXED),
        ("v=DMARC1", "permerror"),
        ("v=DMARC1; p=", "permerror"),
        ("v=DMARC1; p=foo; rua=nobody", "permerror"),
        ("v=DMARC1; p=none; sp=foo", "permerror"),
        ("v=DMARC1; p=none; x=" + "y" * POLICY_CHARACTERS_MAX, "permerror"),
        ("v=DMARC2; p=none", "none"),
        ("v=dmarc1; p=none", "none"),
        ("v=DMARC10; p=none", "none"),
        ("p=none; v=DMARC1", "none"),
        (" v=DMARC1; p=none", "none"),
        ("v=spf1 -all", "none"),
        ("", "none"),
    ],
)
def test_a_policy_is_read(text: str, found: DmarcPolicy | NoPolicy) -> None:
    assert policy(text) == found


def test_several_policies_are_none_and_other_texts_do_not_matter() -> None:
    assert policy("v=DMARC1; p=none", "v=DMARC1; p=none") == "none"
    assert policy("noise", "v=DMARC1; p=none; aspf=s") == DmarcPolicy(is_spf_strict=True)


POLICY = {"TXT": "v=DMARC1; p=none"}
ORGANISATION_ASKED = [("_dmarc.a.b.example.co.uk", "TXT"), ("_dmarc.example.co.uk", "TXT")]


@pytest.mark.parametrize(
    ("zone", "found", "asked"),
    [
        ({"_dmarc.a.b.example.co.uk": POLICY, "_dmarc.example.co.uk": None}, RELAXED, ORGANISATION_ASKED[:1]),
        ({"_dmarc.example.co.uk": POLICY}, RELAXED, ORGANISATION_ASKED),
        ({"_dmarc.a.b.example.co.uk": {"TXT": "noise"}, "_dmarc.example.co.uk": POLICY}, RELAXED, ORGANISATION_ASKED),
        ({"_dmarc.b.example.co.uk": POLICY, "_dmarc.co.uk": POLICY}, "none", ORGANISATION_ASKED),
        ({"_dmarc.a.b.example.co.uk": None}, "temperror", ORGANISATION_ASKED[:1]),
        ({"_dmarc.example.co.uk": None}, "temperror", ORGANISATION_ASKED),
    ],
)
def test_the_policy_is_that_of_the_domain_or_else_of_its_organisation(zone: Zone, found: Any, asked: Any) -> None:
    names = Names(zone)
    assert find_policy("a.b.example.co.uk", names) == found
    assert names.asked == asked


def test_an_organisation_is_asked_once() -> None:
    names = Names({})
    assert find_policy("example.org", names) == "none"
    assert names.asked == [("_dmarc.example.org", "TXT")]


# ----------------------------------------------------------------------------------------------------------- alignment


@pytest.mark.parametrize("method", ["spf", "dkim"])
@pytest.mark.parametrize(
    ("domain", "relaxed", "strict"),
    [
        ("example.org", "pass", "pass"),
        ("mail.example.org", "pass", "fail"),
        ("org", "fail", "fail"),
        ("example.net", "fail", "fail"),
        ("badexample.org", "fail", "fail"),
        ("", "fail", "fail"),
    ],
)
def test_what_passes_is_in_the_name_of_the_author(method: str, domain: str, relaxed: str, strict: str) -> None:
    is_spf = method == "spf"
    assert dmarc((method, "pass", domain)) == relaxed
    asked_of_this = DmarcPolicy(is_spf_strict=is_spf, is_dkim_strict=not is_spf)
    asked_of_the_other = DmarcPolicy(is_spf_strict=not is_spf, is_dkim_strict=is_spf)
    assert dmarc((method, "pass", domain), policy=asked_of_this) == strict
    assert dmarc((method, "pass", domain), policy=asked_of_the_other) == relaxed


def test_an_author_below_an_organisation_is_of_it() -> None:
    assert dmarc(("spf", "pass", "example.org"), author="news.example.org") == "pass"
    assert dmarc(("spf", "pass", "mail.example.org"), author="news.example.org") == "pass"
    assert dmarc(("spf", "pass", "bob.github.io"), author="ann.github.io") == "fail"
    assert dmarc(("spf", "pass", "github.io"), author="ann.github.io") == "fail"
    assert dmarc(("spf", "pass", "co.uk"), author="co.uk") == "pass"


def test_one_thing_that_passes_is_enough_and_nothing_else_will_do() -> None:
    assert dmarc() == "fail"
    assert dmarc(("spf", "fail", "example.org"), ("dkim", "pass", "example.org")) == "pass"
    assert dmarc(("dkim", "fail", "example.org"), ("dkim", "pass", "example.org")) == "pass"
    assert dmarc(("dkim", "pass", "example.net"), ("spf", "softfail", "example.org")) == "fail"
    for result in ("fail", "softfail", "neutral", "none", "policy", "permerror"):
        assert dmarc(("spf", result, "example.org"), ("dkim", result, "example.org")) == "fail"


def test_what_could_not_be_checked_may_pass_another_time_if_it_is_in_the_name_of_the_author() -> None:
    assert dmarc(("spf", "temperror", "example.org"), ("dkim", "fail", "example.org")) == "temperror"
    assert dmarc(("dkim", "temperror", "mail.example.org")) == "temperror"
    assert dmarc(("dkim", "temperror", "example.net"), ("spf", "fail", "example.org")) == "fail"
    assert dmarc(("dkim", "temperror", "example.org"), ("spf", "pass", "example.org")) == "pass"


@pytest.mark.parametrize("none", ["none", "temperror", "permerror"])
def test_without_a_policy_nothing_passes_and_nothing_fails(none: NoPolicy) -> None:
    assert dmarc(("spf", "pass", "example.org"), policy=none) == none
    assert dmarc(("spf", "fail", "example.org"), policy=none) == none


# ------------------------------------------------------------------------------------------------------------- authors


def test_of_several_authors_the_worst_result_counts() -> None:
    passed = [Evidence(method="spf", result="pass", domain="example.org")]

    def of(**policies: DmarcPolicy | NoPolicy) -> str:
        named: dict[str, DmarcPolicy | NoPolicy] = {
            "example.org": RELAXED,
            **{f"{name}.example": policy for name, policy in policies.items()},
        }
        return check_authors(named, passed)

    assert of() == "pass"
    assert of(b="none") == "none"
    assert of(b="none", c="temperror") == "temperror"
    assert of(b="none", c="temperror", d="permerror") == "permerror"
    assert of(b="permerror", c=RELAXED) == "fail"


@pytest.mark.parametrize(
    ("authors", "domains"),
    [
        (["ann@Example.ORG"], ("example.org",)),
        (["ann@example.org", "bob@example.org."], ("example.org",)),
        (["ann@example.org", "bob@Bücher.example"], ("example.org", "xn--bcher-kva.example")),
        (["a@b@example.org"], ("example.org",)),
        ([], None),
        (["ann@[192.0.2.1]"], None),
        (["ann@example.org", "bob@exa mple.org"], None),
        ([f"a@example{number}.org" for number in range(AUTHOR_DOMAINS_MAX + 1)], None),
        (["ann@example.org"] * AUTHORS_MAX, None),
    ],
)
def test_authors_are_judged_by_their_domains_if_all_of_them_can_be(authors: list[str], domains: Any) -> None:
    assert author_domains(authors) == domains
