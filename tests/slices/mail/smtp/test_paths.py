"""Which addresses stand on an envelope."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wipsie.slices.mail.doors.smtp.paths import BadAddress, BadSyntax, read_helo, read_recipient, read_sender


@pytest.mark.parametrize(
    ("argument", "address", "domain"),
    [
        ("TO:<ann@example.org>", "ann@example.org", "example.org"),
        ("to: <ann+news@Example.org>", "ann+news@Example.org", "Example.org"),
        ("TO:ann@example.org", "ann@example.org", "example.org"),
        ("TO:<@relay.example,@other.example:ann@example.org>", "ann@example.org", "example.org"),
        ('TO:<"ann b>@c"@example.org>', '"ann b>@c"@example.org', "example.org"),
        ("TO:<ann@[192.0.2.1]>", "ann@[192.0.2.1]", "[192.0.2.1]"),
        ("TO:<grüße@bücher.example>", "grüße@bücher.example", "bücher.example"),
        ("TO:<Postmaster>", "Postmaster", ""),
    ],
    ids=repr,
)
def test_addresses_in_use_are_read(argument: str, address: str, domain: str) -> None:
    path = read_recipient(argument)
    assert (path.address, path.domain, path.parameters) == (address, domain, {})


def test_the_sender_of_a_bounce_is_empty() -> None:
    assert read_sender("FROM:<>").address == ""
    with pytest.raises(BadAddress):
        read_recipient("TO:<>")


def test_parameters_are_read_by_name() -> None:
    path = read_sender("FROM:<a@example.org> size=12 BODY=8BITMIME smtputf8 AUTH=<>")
    assert path.parameters == {"SIZE": "12", "BODY": "8BITMIME", "SMTPUTF8": None, "AUTH": "<>"}


@pytest.mark.parametrize(
    "argument",
    [
        "TO:<ann>",
        "TO:<ann@>",
        "TO:<@example.org>",
        "TO:<a@b@c>",
        "TO:<a b@example.org>",
        "TO:<ann@example.org",
        "TO:<a\x00@b.c>",
        "TO:<a\u202e@example.org>",
        f"TO:<{'a' * 250}@example.org>",
        "TO:<ann@-example.org>",
        'TO:<"ann@example.org>',
        "TO:<\x7f@b.c>",
    ],
    ids=ascii,
)
def test_what_is_no_address_is_refused(argument: str) -> None:
    with pytest.raises(BadAddress):
        read_recipient(argument)


@pytest.mark.parametrize(
    "argument",
    ["", "TO", "TO:", "FROM:<a@b.c>", "TO:<a@b.c>x", "TO:<a@b.c> =1", "TO:<a@b.c> A=1 a=2", "TO:<a@b.c> A="],
    ids=repr,
)
def test_a_command_that_is_not_formed_as_it_must_be_is_refused(argument: str) -> None:
    with pytest.raises(BadSyntax):
        read_recipient(argument)


@given(st.text(max_size=300))
def test_what_is_read_can_be_shown_in_one_line(text: str) -> None:
    for argument in (f"FROM:{text}", f"FROM:<{text}>", f"FROM:<{text}@example.org>"):
        try:
            path = read_sender(argument)
        except (BadAddress, BadSyntax):
            continue
        assert path.address.isprintable()
        assert len(path.address) <= 254


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "hostile",
    [
        '"' * 4000,
        '"a' * 2000,
        "<" + '"\\"' * 1300,
        "@a," * 1300,
        "a." * 2000,
        "<a@" + "b-" * 2000,
        "<a@" + "b." * 2000 + "-",
    ],
    ids=lambda text: text[:5],
)
def test_no_text_makes_reading_slow(hostile: str) -> None:
    for argument in (hostile, f"<{hostile}>", f"<{hostile}@example.org"):
        with pytest.raises((BadAddress, BadSyntax)):
            read_sender(f"FROM:{argument}")


@pytest.mark.parametrize("name", ["", " ", "a\x00b", "a\u2028b", "a" * 256], ids=ascii)
def test_a_client_that_greets_with_what_cannot_be_shown_is_refused(name: str) -> None:
    assert read_helo(name) is None
    assert read_helo(" [192.0.2.1] ") == "[192.0.2.1]"
