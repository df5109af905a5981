"""SPF says who may send for a domain, as the domain published it, and at a price with a bound."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zones import Names, Zone, client

from wipsie.slices.mail.domain.origin.spf import HOSTS_MAX, LOOKUP_TERMS_MAX, SpfCheck, check_spf
from wipsie.slices.mail.domain.origin.spf_values import NAMES_MAX


def spf(zone: Zone, address: str = "192.0.2.1", **who: str) -> str:
    return check_spf(client(address, **who), Names(zone)).result


def of_record(record: str, address: str = "192.0.2.1", /, zone: Zone | None = None, **who: str) -> str:
    """The result for example.org with this record."""
    return spf({**(zone or {}), "example.org": {**(zone or {}).get("example.org", {}), "TXT": record}}, address, **who)


# ------------------------------------------------------------------------------------------------- whose record, and which


def test_the_domain_of_the_sender_decides() -> None:
    zone: Zone = {"example.org": {"TXT": "v=spf1 ip4:192.0.2.1 -all"}}
    assert check_spf(client(), Names(zone)) == SpfCheck(result="pass", domain="example.org")
    assert check_spf(client("192.0.2.2"), Names(zone)) == SpfCheck(result="fail", domain="example.org")
    assert check_spf(client(sender="a@b@EXAMPLE.org"), Names(zone)).result == "pass"


def test_for_a_bounce_the_name_of_the_client_decides() -> None:
    zone: Zone = {
        "mx.example.org": {"TXT": "v=spf1 exists:%{l}.%{o}.%{h} -all"},
        "postmaster.mx.example.org.mx.example.org": {"A": "127.0.0.2"},
    }
    assert check_spf(client(sender="", helo="MX.example.org"), Names(zone)) == SpfCheck(
        result="pass", domain="mx.example.org"
    )


@pytest.mark.parametrize(
    "who",
    [
        {"sender": "postmaster"},
        {"sender": "ann@[192.0.2.1]"},
        {"sender": "ann@localhost"},
        {"sender": "ann@exa mple.org"},
        {"sender": "ann@" + "a" * 64 + ".org"},
        {"sender": "ann@a..org"},
        {"sender": "", "helo": ""},
        {"sender": "", "helo": "localhost"},
        {"sender": "", "helo": "[192.0.2.1]"},
        {"sender": "", "helo": "\xe9@ %{d}"},
    ],
    ids=str,
)
def test_a_sender_without_a_domain_has_no_record_and_nobody_is_asked(who: dict[str, str]) -> None:
    names = Names({})
    assert check_spf(client(**who), names).result == "none"
    assert names.asked == []


def test_a_domain_without_a_record_says_nothing() -> None:
    assert spf({}) == "none"
    assert spf({"example.org": {"TXT": ("v=spf10 -all", "other")}}) == "none"
    assert spf({"example.org": {"A": "192.0.2.1"}}) == "none"


def test_several_records_and_bad_ones_are_errors_that_stay() -> None:
    assert spf({"example.org": {"TXT": ("v=spf1 +all", "v=spf1 +all")}}) == "permerror"
    # Before anything of it counts.
    assert of_record("v=spf1 +all foo") == "permerror"
    assert of_record("v=spf1 ip4:192.0.2.1 include:org") == "permerror"


def test_no_answer_is_an_error_that_may_pass() -> None:
    assert spf({"example.org": None}) == "temperror"
    for term in ("a:b.example", "mx:b.example", "exists:b.example", "include:b.example", "redirect=b.example"):
        assert of_record(f"v=spf1 {term}", zone={"b.example": None}) == "temperror"
    assert of_record("v=spf1 mx", zone={"example.org": {"MX": "b.example"}, "b.example": None}) == "temperror"
    # Those behind what has matched are not asked.
    assert of_record("v=spf1 ip4:192.0.2.1 a:b.example", zone={"b.example": None}) == "pass"


def test_domains_and_senders_in_other_scripts_are_found() -> None:
    zone: Zone = {"xn--bcher-kva.example": {"TXT": "v=spf1 exists:%{l}.%{d} ip4:192.0.2.1 -all"}}
    assert spf(zone, sender="jörg@Bücher.example") == "pass"
    assert spf(zone, "192.0.2.2", sender="jörg@Bücher.example") == "fail"


# ------------------------------------------------------------------------------------------------------------- results


@pytest.mark.parametrize(
    ("qualifier", "result"), [("", "pass"), ("+", "pass"), ("-", "fail"), ("~", "softfail"), ("?", "neutral")]
)
def test_the_first_mechanism_that_matches_says_the_result(qualifier: str, result: str) -> None:
    assert of_record(f"v=spf1 ip4:198.51.100.1 {qualifier}ip4:192.0.2.1 +all") == result


def test_where_nothing_matches_the_result_is_neutral() -> None:
    assert of_record("v=spf1") == "neutral"
    assert of_record("v=spf1 ip4:198.51.100.1") == "neutral"


def test_networks_are_of_one_kind() -> None:
    assert of_record("v=spf1 ip4:192.0.2.77/24 -all") == "pass"
    assert of_record("v=spf1 ip4:192.0.2.77 -all") == "fail"
    assert of_record("v=spf1 ip4:0.0.0.0/0 -all", "2001:db8::1") == "fail"
    assert of_record("v=spf1 ip6:::/0 -all") == "fail"
    assert of_record("v=spf1 ip6:2001:db8::/32 -all", "2001:db8:ffff::1") == "pass"
    assert of_record("v=spf1 ip6:2001:db8::/33 -all", "2001:db8:ffff::1") == "fail"


HOSTS: Zone = {
    "example.org": {"A": ("192.0.2.10", "192.0.2.11"), "MX": ("mail-a.example.org", "mail-b.example.org")},
    "amy.example.org": {"A": "192.0.2.65"},
    "mail-a.example.org": {"A": "192.0.2.129", "AAAA": "2001:db8::129"},
    "mail-b.example.org": {"A": "192.0.2.130"},
    "www.example.org": {"A": "192.0.2.10"},
    "mail-c.example.net": {"A": "192.0.2.140"},
    "example.net": {"MX": "mail-c.example.net"},
    "v6.example.org": {"AAAA": "2001:db8::5"},
    "10.2.0.192.in-addr.arpa": {"PTR": "www.example.org"},
    "65.2.0.192.in-addr.arpa": {"PTR": "amy.example.org"},
    "140.2.0.192.in-addr.arpa": {"PTR": ("mail-c.example.net", "fake.example.org")},
    "141.2.0.192.in-addr.arpa": {"PTR": ("mail-c.example.net", "www.example.org")},
}


@pytest.mark.parametrize(
    ("record", "passing", "failing"),
    [
        # The domains and addresses of RFC 7208, appendix A.
        ("v=spf1 +all", ["192.0.2.200", "2001:db8::1"], []),
        ("v=spf1 a -all", ["192.0.2.10", "192.0.2.11"], ["192.0.2.65", "2001:db8::1"]),
        ("v=spf1 a:example.net -all", [], ["192.0.2.10", "192.0.2.140"]),
        ("v=spf1 mx -all", ["192.0.2.129", "192.0.2.130", "2001:db8::129"], ["192.0.2.10", "2001:db8::1"]),
        ("v=spf1 mx:example.net -all", ["192.0.2.140"], ["192.0.2.129"]),
        ("v=spf1 mx mx:example.net -all", ["192.0.2.129", "192.0.2.140"], ["192.0.2.10"]),
        ("v=spf1 mx/30 mx:example.net/30 -all", ["192.0.2.131", "192.0.2.143"], ["192.0.2.132", "192.0.2.139"]),
        ("v=spf1 ptr -all", ["192.0.2.10", "192.0.2.65"], ["192.0.2.140", "192.0.2.141", "192.0.2.1"]),
        ("v=spf1 ptr:EXAMPLE.net -all", ["192.0.2.140"], ["192.0.2.141", "192.0.2.10"]),
        ("v=spf1 ip4:192.0.2.128/28 -all", ["192.0.2.129", "192.0.2.140"], ["192.0.2.65"]),
        # And what it does not show.
        ("v=spf1 a:v6.example.org//64 -all", ["2001:db8::5", "2001:db8::ffff"], ["2001:db8:0:1::5", "192.0.2.10"]),
        ("v=spf1 a:amy.example.org/26 -all", ["192.0.2.64", "192.0.2.127"], ["192.0.2.63", "192.0.2.128"]),
        ("v=spf1 a/0 -all", ["198.51.100.1"], ["2001:db8::5"]),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_addresses_names_and_mail_exchangers_match(record: str, passing: list[str], failing: list[str]) -> None:
    assert {address: of_record(record, address, HOSTS) for address in (*passing, *failing)} == {
        **dict.fromkeys(passing, "pass"),
        **dict.fromkeys(failing, "fail"),
    }


def test_exists_asks_for_an_address_of_the_older_kind_whatever_the_client_has() -> None:
    record = "v=spf1 exists:%{ir}.list.example -all"
    assert of_record(record, zone={"1.2.0.192.list.example": {"A": "127.0.0.2"}}) == "pass"
    assert of_record(record, zone={"1.2.0.192.list.example": {"AAAA": "::1"}}) == "fail"
    nibbles = ".".join(reversed("20010db8" + "0" * 23 + "1"))
    assert of_record(record, "2001:db8::1", {f"{nibbles}.list.example": {"A": "127.0.0.2"}}) == "pass"


@pytest.mark.parametrize(
    "term", ["exists:%{l}.example.net", "a:%{l}.example.net", "ptr:%{l}", "-include:%{l}.example.net"]
)
@pytest.mark.parametrize(
    "sender", ["a..b@example.org", '"a b"@example.org', "x" * 64 + "@example.org", "ü@example.org"]
)
def test_a_name_that_macros_make_and_that_none_can_be_is_not_asked_for(term: str, sender: str) -> None:
    names = Names({"example.org": {"TXT": f"v=spf1 {term} -all"}})
    assert check_spf(client(sender=sender), names).result == ("permerror" if "include" in term else "fail")
    assert names.asked == [("example.org", "TXT")]


def test_the_name_a_client_greets_with_is_in_the_form_of_dns_where_it_is_a_domain() -> None:
    record = "v=spf1 exists:%{h}.list.example -all"
    assert of_record(
        record, zone={"xn--bcher-kva.example.list.example": {"A": "127.0.0.2"}}, helo="Bücher.example"
    ) == ("pass")
    assert of_record(record, zone={"[x].list.example": {"A": "127.0.0.2"}}, helo="[x]") == "pass"


def test_the_macro_p_is_a_name_that_leads_back_preferably_of_the_domain() -> None:
    record = "v=spf1 exists:%{p}.list.example -all"
    seen = {"www.example.org.list.example": {"A": "127.0.0.2"}}
    assert of_record(record, "192.0.2.10", {**HOSTS, **seen}) == "pass"
    seen = {"mail-c.example.net.list.example": {"A": "127.0.0.2"}}
    assert of_record(record, "192.0.2.140", {**HOSTS, **seen}) == "pass"
    seen = {"unknown.list.example": {"A": "127.0.0.2"}}
    assert of_record(record, "192.0.2.200", {**HOSTS, **seen}) == "pass"
    below = {
        "1.2.0.192.in-addr.arpa": {"PTR": ("a.example.net", "a.example.org")},
        "a.example.net": {"A": "192.0.2.1"},
        "a.example.org": {"A": "192.0.2.1"},
        "a.example.org.list.example": {"A": "127.0.0.2"},
    }
    assert of_record(record, zone=below) == "pass"
    itself = {
        "1.2.0.192.in-addr.arpa": {"PTR": ("a.example.org", "example.org")},
        "a.example.org": {"A": "192.0.2.1"},
        "example.org": {"A": "192.0.2.1"},
        "example.org.list.example": {"A": "127.0.0.2"},
    }
    assert of_record(record, zone=itself) == "pass"


def test_names_of_an_address_that_dns_does_not_tell_match_nothing() -> None:
    assert of_record("v=spf1 ptr -all", zone={"1.2.0.192.in-addr.arpa": None}) == "fail"
    told = {"1.2.0.192.in-addr.arpa": {"PTR": ("a.example.org", "b.example.org")}, "a.example.org": None}
    assert of_record("v=spf1 ptr -all", zone=told) == "fail"
    assert of_record("v=spf1 ptr -all", zone={**told, "b.example.org": {"A": "192.0.2.1"}}) == "pass"


# ------------------------------------------------------------------------------------------------------ other records


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 ip4:192.0.2.1", "pass"),
        ("v=spf1 -all", "softfail"),
        ("v=spf1 ~all", "softfail"),
        ("v=spf1 ?all", "softfail"),
        ("v=spf1", "softfail"),
        ("v=spf1 foo", "permerror"),
        ("no record", "permerror"),
        ("v=spf1 a:no.answer.example", "temperror"),
    ],
)
def test_what_is_included_matches_when_it_passes(record: str, result: str) -> None:
    zone: Zone = {"b.example": {"TXT": record}, "no.answer.example": None}
    assert of_record("v=spf1 include:b.example ~all", zone=zone) == result


def test_an_included_fail_is_no_fail_and_an_included_record_keeps_its_own_domain() -> None:
    zone: Zone = {"b.example": {"TXT": "v=spf1 a exp=x.%{d} -all", "A": "192.0.2.1"}}
    assert of_record("v=spf1 -include:b.example +all", zone=zone) == "fail"
    assert of_record("v=spf1 -include:b.example +all", "192.0.2.2", zone) == "pass"


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 ip4:192.0.2.1", "pass"),
        ("v=spf1 -all", "fail"),
        ("v=spf1", "neutral"),
        ("v=spf1 redirect=c.example", "softfail"),
        ("no record", "permerror"),
        ("v=spf1 foo", "permerror"),
    ],
)
def test_a_redirect_takes_the_result_of_another_record(record: str, result: str) -> None:
    zone: Zone = {"b.example": {"TXT": record}, "c.example": {"TXT": "v=spf1 ~all"}}
    assert of_record("v=spf1 redirect=b.example ip4:198.51.100.1", zone=zone) == result
    assert of_record("v=spf1 redirect=b.example ?all", zone=zone) == "neutral"


def test_a_redirect_of_an_included_record_stays_within() -> None:
    zone: Zone = {"b.example": {"TXT": "v=spf1 redirect=c.example"}, "c.example": {"TXT": "v=spf1 -all"}}
    assert of_record("v=spf1 include:b.example ~all", zone=zone) == "softfail"


def test_records_that_lead_nowhere_are_errors() -> None:
    assert of_record("v=spf1 include:none.example") == "permerror"
    assert of_record("v=spf1 redirect=none.example") == "permerror"


# -------------------------------------------------------------------------------------------------------------- bounds


def costs(zone: dict[str, Any], address: str = "192.0.2.1", **who: str) -> tuple[str, int]:
    """The result, and how often DNS was asked."""
    names = Names(zone)
    return check_spf(client(address, **who), names).result, len(names.asked)


def test_ten_terms_may_ask_and_one_more_may_not() -> None:
    asking = " a" * (LOOKUP_TERMS_MAX - 4) + " mx ptr exists:example.org include:b.example"
    zone: Zone = {**HOSTS, "b.example": {"TXT": "v=spf1 ip4:198.51.100.1"}}
    assert of_record(f"v=spf1{asking} ?all", zone=zone) == "pass"
    assert of_record(f"v=spf1{asking.replace('exists:example.org', 'a')} ?all", zone=zone) == "neutral"
    assert of_record(f"v=spf1 a{asking.replace('exists:example.org', 'a')} ?all", zone=zone) == "permerror"
    # Those of records within count, too.
    zone = {**zone, "b.example": {"TXT": "v=spf1 a:example.org"}}
    assert of_record(f"v=spf1{asking.replace('exists:example.org', 'a')} ?all", zone=zone) == "permerror"
    # A term that is not reached costs nothing.
    assert of_record("v=spf1 ip4:192.0.2.1" + " a" * 50) == "pass"


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 include:example.org -all",
        "v=spf1 redirect=example.org",
        "v=spf1 redirect=%{d}",
        "v=spf1 include:%{o} include:%{o} include:%{o} -all",
        "v=spf1 include:b.example",
    ],
)
def test_records_that_lead_to_themselves_end(record: str) -> None:
    zone = {"example.org": {"TXT": record}, "b.example": {"TXT": "v=spf1 redirect=example.org"}}
    result, asked = costs(zone)
    assert result == "permerror"
    assert asked <= LOOKUP_TERMS_MAX + 1


def test_a_chain_of_records_is_followed_ten_deep() -> None:
    zone: dict[str, Any] = {"example.org": {"TXT": "v=spf1 include:d1.example -all"}}
    for number in range(1, 30):
        zone[f"d{number}.example"] = {"TXT": f"v=spf1 include:d{number + 1}.example -all"}
    zone["d10.example"] = {"TXT": "v=spf1 +all"}
    assert costs(zone) == ("pass", 11)
    zone["d10.example"] = {"TXT": "v=spf1 include:d11.example -all"}
    assert costs(zone) == ("permerror", 11)


def test_two_terms_may_find_nothing_and_a_third_may_not() -> None:
    assert of_record("v=spf1 a:n1.example exists:n2.example ?all") == "neutral"
    assert of_record("v=spf1 a:n1.example exists:n2.example mx:n3.example ?all") == "permerror"
    assert of_record("v=spf1 a:n1.example a:n2.example a:n3.example ?all", zone={"n3.example": {"A": "9.9.9.9"}}) == (
        "neutral"
    )


def test_hosts_without_an_address_of_the_clients_kind_are_not_held_against_a_domain() -> None:
    zone = {**HOSTS, "example.org": {"MX": [f"h{number}.example" for number in range(5)]}}
    zone |= {f"h{number}.example": {"A": "198.51.100.1"} for number in range(5)}
    assert of_record("v=spf1 mx ip6:2001:db8::1 -all", "2001:db8::1", zone) == "pass"


def test_a_mail_exchanger_has_ten_hosts_at_most() -> None:
    hosts = [f"h{number}.example" for number in range(HOSTS_MAX + 1)]
    zone: dict[str, Any] = {host: {"A": "198.51.100.1"} for host in hosts}
    zone["example.org"] = {"TXT": "v=spf1 mx ?all", "MX": hosts[:HOSTS_MAX]}
    assert costs(zone) == ("neutral", 2 + HOSTS_MAX)
    zone["example.org"]["MX"] = hosts
    assert costs(zone) == ("permerror", 2 + HOSTS_MAX)
    zone[hosts[3]] = {"A": "192.0.2.1"}
    assert costs(zone) == ("pass", 2 + 4)


def test_of_the_names_of_an_address_ten_are_looked_at_once() -> None:
    names = [f"n{number}.example.org" for number in range(1_000)]
    zone: dict[str, Any] = {"1.2.0.192.in-addr.arpa": {"PTR": names}, names[NAMES_MAX]: {"A": "192.0.2.1"}}
    zone["example.org"] = {"TXT": "v=spf1 ptr ptr:example.net exists:%{p}.%{p}.%{p}.example.org -all"}
    assert costs(zone) == ("fail", 1 + 1 + NAMES_MAX + 1)
    zone[names[NAMES_MAX - 1]] = {"A": "192.0.2.1"}
    assert costs(zone) == ("pass", 1 + 1 + NAMES_MAX)


@pytest.mark.timeout(10)
def test_the_worst_a_record_can_ask_for_is_little() -> None:
    hosts = [f"h{number}.example" for number in range(HOSTS_MAX)]
    zone: dict[str, Any] = {host: {"A": ["198.51.100.1"] * 4_000} for host in hosts}
    zone["1.2.0.192.in-addr.arpa"] = {"PTR": hosts * 300}
    zone["m.example"] = {"MX": hosts, "TXT": ["noise"] * 2_000}
    zone["example.org"] = {"TXT": "v=spf1 ptr" + " mx:m.example" * 9 + " exists:" + "%{s}" * 2_000 + " -all"}
    result, asked = costs(zone, sender="x" * 200 + "@example.org")
    assert result == "permerror"
    assert asked <= 1 + LOOKUP_TERMS_MAX * (1 + HOSTS_MAX)


# ---------------------------------------------------------------------------------------------------------- properties

_TERMS = st.sampled_from(
    [
        "a",
        "mx",
        "ptr",
        "-all",
        "~all",
        "ip4:192.0.2.1",
        "ip6:::/0",
        "include:b.example",
        "redirect=b.example",
        "foo",
        "exists:%{i}.%{d}",
        "a:%{p}",
        "a:b.example/8",
        "include:%{d}",
        "redirect=example.org",
        "?include:no.example",
        "x=y",
    ]
)
_RECORDS = st.lists(_TERMS, max_size=6).map(lambda terms: " ".join(["v=spf1", *terms])) | st.text(max_size=20)


@settings(max_examples=300, deadline=None)
@given(_RECORDS, _RECORDS, st.sampled_from(["192.0.2.1", "192.0.2.10", "2001:db8::1"]), st.text(max_size=20))
def test_any_records_have_a_result(first: str, second: str, address: str, local: str) -> None:
    zone = {
        **HOSTS,
        "example.org": {**HOSTS["example.org"], "TXT": first},
        "b.example": {"TXT": second, "A": "192.0.2.1"},
    }
    names = Names({**zone, "no.example": None})
    checked = check_spf(client(address, sender=f"{local}@example.org"), names)
    assert checked.result in {"pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"}
    assert len(names.asked) <= 1 + NAMES_MAX + LOOKUP_TERMS_MAX * (1 + HOSTS_MAX)
