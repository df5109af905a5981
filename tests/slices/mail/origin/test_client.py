"""SPF is about clients from outside, and about nobody else."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.slices.mail.domain.origin.client import Client, client_of


def came(**given: Any) -> Client | None:
    envelope: dict[str, Any] = {
        "door": "smtp",
        "received_at_ms": 5,
        "sender": "a@example.org",
        "helo": "mx",
        "remote": "192.0.2.1",
    }
    return client_of(Envelope(**{**envelope, **given}))


def test_a_client_from_outside_has_an_address_a_name_and_a_sender() -> None:
    assert came() == Client(address=ip_address("192.0.2.1"), helo="mx", sender="a@example.org")
    assert came(sender="", helo=None) == Client(address=ip_address("192.0.2.1"), helo="", sender="")


@pytest.mark.parametrize(
    "remote",
    ["198.51.100.7", "203.0.113.9", "8.8.8.8", "2001:db8::1", "2a00::1", "172.32.0.1", "100.128.0.1", "11.0.0.1"],
)
def test_public_addresses_are_outside_and_so_are_those_of_examples(remote: str) -> None:
    found = came(remote=remote)
    assert found is not None
    assert found.address == ip_address(remote)


@pytest.mark.parametrize(
    "remote",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
    ],
)
def test_addresses_of_this_machine_and_of_private_networks_are_inside(remote: str) -> None:
    assert came(remote=remote) is None


def test_an_address_of_the_older_kind_in_the_form_of_the_newer_one_is_of_the_older_kind() -> None:
    found = came(remote="::ffff:192.0.2.1")
    assert found is not None
    assert found.address == ip_address("192.0.2.1")


@pytest.mark.parametrize(
    "given",
    [
        *({"door": door} for door in ("lmtp", "ses", "mailgun", "import", "replay")),
        {"signed_in_as": "key:press"},
        {"sender": None},
        {"remote": None},
        {"remote": ""},
        {"remote": "unknown"},
    ],
    ids=str,
)
def test_who_came_another_way_signed_in_or_is_not_known_says_nothing(given: dict[str, Any]) -> None:
    assert came(**given) is None
