"""Records are found in DNS; no record, no such name and no answer are told from each other."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from name_server import NameServer

from wipsie.kernel.errors import ConfigurationError
from wipsie.slices.mail.domain.mime.key_records import DnsUnavailable
from wipsie.slices.mail.domain.origin.lookups import RecordType, key_lookup
from wipsie.slices.mail.gateways.dns_records import DnsResolver

ZONE = {
    "one.example.org.": {"TXT": ['"v=DKIM1; " "p=abc"'], "A": ["192.0.2.1"]},
    "several.example.org.": {"TXT": ['"v=spf1 -all"', '"v=DKIM1; p=x"', '"v=spf1 ~all"']},
    "other.example.org.": {"TXT": ['"anything"']},
    "bytes.example.org.": {"TXT": ['"\\255\\000"']},
    "empty.example.org.": {},
    "hosts.example.org.": {
        "A": ["192.0.2.1", "192.0.2.2"],
        "AAAA": ["2001:db8::1"],
        "MX": ["20 B.example.org.", "10 a.example.org.", "0 ."],
    },
    "1.2.0.192.in-addr.arpa.": {"PTR": ["Mail.Example.org.", "a\\.b.example.org."]},
    "xn--bcher-kva.example.": {"TXT": ['"v=DKIM1; p=b"']},
}


@pytest.fixture
def server() -> Iterator[NameServer]:
    made = NameServer(ZONE, silent=["silent.example.org."], broken=["broken.example.org."])
    yield made
    made.stop()


def test_the_strings_of_a_text_are_joined_byte_by_byte(server: NameServer) -> None:
    resolver = DnsResolver([server.address])
    assert resolver("one.example.org", "TXT") == ("v=DKIM1; p=abc",)
    assert resolver("bytes.example.org", "TXT") == ("\xff\x00",)


def test_a_name_has_all_the_records_of_its_type(server: NameServer) -> None:
    resolver = DnsResolver([server.address])
    assert set(resolver("several.example.org", "TXT") or ()) == {"v=spf1 -all", "v=DKIM1; p=x", "v=spf1 ~all"}
    assert set(resolver("hosts.example.org", "A") or ()) == {"192.0.2.1", "192.0.2.2"}
    assert resolver("hosts.example.org", "AAAA") == ("2001:db8::1",)
    assert resolver("hosts.example.org", "TXT") == ()


def test_hosts_are_in_their_order_and_in_one_form(server: NameServer) -> None:
    resolver = DnsResolver([server.address])
    assert resolver("hosts.example.org", "MX") == ("", "a.example.org", "b.example.org")
    # A dot within a label is not one between labels.
    assert set(resolver("1.2.0.192.in-addr.arpa", "PTR") or ()) == {"mail.example.org", "a\\.b.example.org"}


def test_a_name_that_does_not_exist_is_told_from_one_without_records(server: NameServer) -> None:
    resolver = DnsResolver([server.address])
    assert resolver("none.example.org", "TXT") is None
    assert resolver("empty.example.org", "TXT") == ()


@pytest.mark.parametrize(
    "name",
    ["a" * 64 + ".example.org", "a." * 200 + "org", "a..b", ".", "", ".org", "\xff.example.org", "b\xfccher.example"],
    ids=lambda name: repr(name)[:30],
)
def test_what_no_name_can_be_is_not_asked_for(server: NameServer, name: str) -> None:
    assert DnsResolver([server.address])(name, "A") is None
    assert server.asked == []


def test_a_name_is_asked_for_as_it_stands(server: NameServer) -> None:
    assert DnsResolver([server.address])("\\111ne.example.org", "A") is None
    assert server.asked == [("\\\\111ne.example.org.", "A")]


@pytest.mark.parametrize("name", ["silent.example.org", "broken.example.org"])
@pytest.mark.parametrize("record_type", ["A", "MX", "TXT"])
def test_no_answer_says_nothing_about_a_record(server: NameServer, name: str, record_type: RecordType) -> None:
    with pytest.raises(DnsUnavailable):
        DnsResolver([server.address], timeout_s=0.2)(name, record_type)


def test_all_names_together_have_so_much_time_and_no_more(server: NameServer) -> None:
    resolver = DnsResolver([server.address], timeout_s=60, total_s=0.3)
    assert resolver("one.example.org", "A") == ("192.0.2.1",)
    with pytest.raises(DnsUnavailable):
        resolver("silent.example.org", "A")
    asked = len(server.asked)
    with pytest.raises(DnsUnavailable, match="time"):
        resolver("other.example.org", "TXT")
    assert len(server.asked) == asked


def test_an_answer_is_kept_for_as_long_as_it_says(server: NameServer) -> None:
    resolver = DnsResolver([server.address])
    assert resolver("one.example.org", "TXT") == resolver("one.example.org", "TXT")
    assert server.asked == [("one.example.org.", "TXT")]


def test_the_next_server_is_asked_when_one_is_broken(server: NameServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        resolver = DnsResolver([f"127.0.0.1:{deaf.getsockname()[1]}", server.address], timeout_s=1.5)
        assert resolver("one.example.org", "TXT") == ("v=DKIM1; p=abc",)


# ---------------------------------------------------------------------------------------------------------------- keys


def test_of_several_texts_the_key_is_taken(server: NameServer) -> None:
    key_of = key_lookup(DnsResolver([server.address]))
    assert key_of(b"several.example.org.") == b"v=DKIM1; p=x"
    assert key_of(b"other.example.org.") == b"anything"
    assert key_of(b"bytes.example.org.") == b"\xff\x00"


@pytest.mark.parametrize(
    "name", [b"none.example.org.", b"empty.example.org.", b"a..b.", b"\xff.example.org.", b".", b""]
)
def test_a_name_without_a_text_has_no_key(server: NameServer, name: bytes) -> None:
    assert key_lookup(DnsResolver([server.address]))(name) is None


def test_a_name_in_another_script_has_the_key_of_that_name_alone(server: NameServer) -> None:
    key_of = key_lookup(DnsResolver([server.address]))
    assert key_of("bücher.example.".encode()) == b"v=DKIM1; p=b"
    # The older standard took these two for one name.
    assert key_of("faß.example.".encode()) is None
    assert server.asked[-1] == ("xn--fa-hia.example.", "TXT")


# ------------------------------------------------------------------------------------------------------------- servers


@pytest.mark.parametrize(
    "written",
    ["dns.example.org", "1.2.3.4:x", "[::1", "[::1]", "1.2.3.4:70000", "1.2.3.4:0", "", "[::1]:0x5", "::1]:53"],
    ids=repr,
)
def test_a_server_is_named_by_its_address(written: str) -> None:
    with pytest.raises(ConfigurationError, match="address of a DNS server"):
        DnsResolver([written])


@pytest.mark.parametrize("written", ["192.0.2.1", "192.0.2.1:5300", "2001:db8::1", "[2001:db8::1]:5300"])
def test_addresses_may_have_a_port(written: str) -> None:
    DnsResolver([written])
