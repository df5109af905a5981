"""A record of SPF is good as a whole, or not at all; nothing in one takes long to read."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.mail.domain.origin.spf_macros import BadRecord, MacroText, expand_domain, read_domain, read_macros
from wipsie.slices.mail.domain.origin.spf_record import (
    RECORD_CHARACTERS_MAX,
    TERMS_MAX,
    Mechanism,
    SpfRecord,
    find_spf,
    read_spf,
)


def test_a_record_is_read_term_by_term() -> None:
    record = read_spf(
        "v=spf1 +a:Mail.example.org/24//64 mx ip4:192.0.2.0/24 ?ip6:2001:db8::/32 ~exists:%{i}.x.example -all"
    )
    assert [(one.result, one.name) for one in record.mechanisms] == [
        ("pass", "a"),
        ("pass", "mx"),
        ("pass", "ip4"),
        ("neutral", "ip6"),
        ("softfail", "exists"),
        ("fail", "all"),
    ]
    a, mx, ip4, ip6, *_ = record.mechanisms
    assert (a.domain, a.bits4, a.bits6) == (("Mail.example.org",), 24, 64)
    assert (mx.domain, mx.bits4, mx.bits6) == (None, 32, 128)
    assert ip4.network == ip_network("192.0.2.0/24")
    assert ip6.network == ip_network("2001:db8::/32")


def test_letters_may_be_large_and_spaces_may_be_many() -> None:
    record = read_spf("V=SPF1   A   REDIRECT=Example.org  ")
    assert record == SpfRecord(mechanisms=(Mechanism(result="pass", name="a"),), redirect=("Example.org",))


def test_a_redirect_beside_all_does_not_count() -> None:
    assert read_spf("v=spf1 redirect=a.example -all").redirect is None


def test_modifiers_nobody_knows_and_explanations_say_nothing() -> None:
    read = read_spf("v=spf1 moo.cow-far_out=man:dog/cat%{c}%{d} exp=%{d}.why.example a=b a:x.example all=x -all")
    assert [one.name for one in read.mechanisms] == ["a", "all"]


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["v=spf10 -all"],
        ["v=spf2.0/pra -all"],
        ["spf1 -all"],
        [" v=spf1 -all"],
        ["v=spf1\t-all"],
        ["x v=spf1"],
        [""],
    ],
    ids=str,
)
def test_other_texts_are_no_records(texts: list[str]) -> None:
    assert find_spf(texts) is None


def test_one_record_among_other_texts_is_found_and_several_are_an_error() -> None:
    assert find_spf(["google-site=1", "v=spf1", "v=DKIM1; p=x"]) == SpfRecord(mechanisms=())
    with pytest.raises(BadRecord):
        find_spf(["v=spf1 -all", "V=SPF1 +all"])


@pytest.mark.parametrize(
    "term",
    [
        "foo",
        "foo:bar.example",
        "-",
        "--all",
        "-all:",
        "all:example.org",
        "all/8",
        "include",
        "include:",
        "include:org",
        "include:example.org/24",
        "exists",
        "exists/24",
        "a:",
        "a:org",
        "a:museum.",
        "a:192.0.2.1",
        "a:example.org-",
        "a:example.-org",
        "a:example.org..",
        "a:exam\0ple.org",
        "a:ex\xe4mple.org",
        "a:example.org/",
        "a:example.org/33",
        "a:example.org/024",
        "a:example.org//129",
        "a:example.org/24/64",
        "a//",
        "a/24//",
        "a/-1",
        "a/24.example.org",
        "mx/33",
        "mx:/24",
        "ptr:",
        "ptr/24",
        "ip4",
        "ip4:",
        "ip4/192.0.2.1",
        "ip4:192.0.2",
        "ip4:192.0.2.1.1",
        "ip4:192.0.2.256",
        "ip4:192.0.2.1/33",
        "ip4:192.0.2.1/032",
        "ip4:192.0.2.1//32",
        "ip4:192.0.2.0/255.255.255.0",
        "ip4:2001:db8::1",
        "ip4:192.0.2.1:8080",
        "ip6:192.0.2.1",
        "ip6:2001:db8",
        "ip6:2001:db8::/129",
        "ip6:2001:db8::1%eth0",
        "ip6:::g",
        "redirect=",
        "redirect=org",
        "redirect:a.example",
        "redirect=a.example redirect=a.example",
        "exp=",
        "exp=a.example exp=a.example",
        "moo=%abc",
        "1moo=x",
        "a:%{x}",
        "a:%{d",
        "a:%d.example",
        "a:%{}.example",
        "a:%{d0}",
        "a:%{d00r}",
        "a:%{d-r}",
        "a:%{dr2}",
        "a:%{d}.",
        "a:%{d}example",
        "a:%{c}.example",
        "a:%{r}.example",
        "exists:%{t}",
        "-all\xa0",
        "a\tmx",
    ],
)
@pytest.mark.parametrize("place", ["v=spf1 {} -all", "v=spf1 -all {}"])
def test_one_term_that_breaks_the_rules_breaks_the_record_wherever_it_stands(place: str, term: str) -> None:
    with pytest.raises(BadRecord):
        read_spf(place.format(term))


@pytest.mark.parametrize(
    "term",
    [
        "a:a.1-2",
        "a:a.xn--p1ai",
        "a:exa:mple/24.example.org/24",
        "a:example.org.",
        "a:%{d}",
        "a:a.%{d2r-.+,/_=}",
        "a:%%.%{H}",
        "a:a%_b.example",
        "a:a%-",
        "a/0//0",
        "ip4:0.0.0.0/0",
        "ip6:::/0",
        "ip6:::ffff:192.0.2.1",
        "ip4:192.0.2.77/24",
        "include:_SPF.example.org",
        "exists:%{ir}.%{v}._spf.%{d2}",
        "a:%{d1234567890}",
    ],
)
def test_what_the_rules_allow_is_read(term: str) -> None:
    assert len(read_spf(f"v=spf1 {term}").mechanisms) == 1


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1" + " a" * (TERMS_MAX + 1),
        "v=spf1 " + "x=" + "y" * RECORD_CHARACTERS_MAX,
        "v=spf1 a:" + "1" * (RECORD_CHARACTERS_MAX - 100),
        "v=spf1 a:" + "%{d}" * 2_000 + ".",
        "v=spf1 a:a." + "a-" * 4_000,
        "v=spf1 a:" + "a." * 4_000 + "!",
        "v=spf1 a:%{d" + "9" * 9_000,
        "v=spf1 a:" + "/24" * 3_000,
        "v=spf1 ip6:" + ":" * 9_000,
    ],
    ids=lambda text: text[:20],
)
@pytest.mark.timeout(5)
def test_a_record_that_is_too_much_is_refused_at_once(text: str) -> None:
    with pytest.raises(BadRecord):
        read_spf(text)


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_spf, read_domain, read_macros):
        try:
            read("v=spf1 " + text if read is read_spf else text)
        except BadRecord:
            continue


@given(
    st.lists(
        st.sampled_from(["%{", "}", "d", "s", "7", "r", "-", ".", "%%", "%", "_", "a:", "a.b", "/24"]), max_size=12
    )
)
def test_what_is_read_as_a_domain_can_be_expanded(parts: list[str]) -> None:
    try:
        domain = read_domain("".join(parts))
    except BadRecord:
        return
    assert len(expand_domain(domain, lambda _: "some-thing.example." * 20)) <= 253


# -------------------------------------------------------------------------------------------------------------- macros

VALUES = {
    "s": "strong-bad@email.example.com",
    "l": "strong-bad",
    "o": "email.example.com",
    "d": "email.example.com",
    "i": "192.0.2.3",
    "v": "in-addr",
    "h": "a/b c",
}


@pytest.mark.parametrize(
    ("written", "expanded"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{H}", "a%2fb%20c"),
        ("%%%_%-", "% %20"),
        ("A.Example.", "a.example"),
    ],
)
def test_a_macro_stands_for_its_value_or_a_part_of_it(written: str, expanded: str) -> None:
    text: MacroText = read_macros(written)
    assert expand_domain(text, VALUES.__getitem__) == expanded


def test_a_name_that_is_too_long_loses_its_first_labels() -> None:
    assert expand_domain(read_macros("%{l}.%{d}"), {"l": "x" * 300, "d": "example.org"}.__getitem__) == "example.org"
    labels = ".".join(f"label{number}" for number in range(60))
    expanded = expand_domain((labels,), VALUES.__getitem__)
    assert labels.endswith(f".{expanded}")
    assert 245 < len(expanded) <= 253
    whole = "a." + ".".join(["b" * 62] * 4)
    assert len(whole) == 253
    assert expand_domain((whole,), VALUES.__getitem__) == whole
    assert expand_domain((f"x.{whole}",), VALUES.__getitem__) == whole
