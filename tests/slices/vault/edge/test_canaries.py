"""The search for canaries finds them in every form: one that found nothing would prove nothing."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from canaries import Canaries

NUMBER = "15550134567"
NAME = "Wilhelmina Zöllner"
PIN = "904716"


FORMS: dict[str, tuple[str, bytes]] = {
    "plain": (NUMBER, b"to=+15550134567 "),
    "hex": (NUMBER, NUMBER.encode().hex().encode()),
    "reversed": (NUMBER, NUMBER[::-1].encode()),
    **{f"base64 after {shift}": (NUMBER, base64.b64encode(b"xyz"[:shift] + NUMBER.encode())) for shift in range(4)},
    **{f"base64 amid {shift}": (NAME, base64.b64encode(b"xyz"[:shift] + NAME.encode() + b"!!")) for shift in range(4)},
    "a name": (NAME, NAME.encode()),
    "in large letters": (NAME, NAME.upper().encode()),
    "in JSON": (NAME, b'"Wilhelmina Z\\u00f6llner"'),
    "in a URL": (NAME, quote(NAME).encode()),
    "in a URL, small": (NAME, quote(NAME).lower().encode()),
    "in a form": (NAME, quote_plus(NAME).encode()),
    "every letter of a URL": (NUMBER, "".join(f"%{ord(digit):02X}" for digit in NUMBER).encode()),
    "utf-16": (NAME, NAME.encode("utf-16-le")),
    "base64 for URLs": (NAME, base64.urlsafe_b64encode(b"??>" + NAME.encode())),
    "a short number": (PIN, b'"pin":904716}'),
    "hex of a short number": (PIN, PIN.encode().hex().encode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_canary_is_found_in_every_form(form: str) -> None:
    value, content = FORMS[form]
    canaries = Canaries()
    canaries.add("secret", value)
    assert {one.kind for one in canaries.in_bytes(b"before " + content + b" after", "here")} == {"secret"}


def test_what_is_no_canary_is_not_found() -> None:
    canaries = Canaries()
    canaries.add("secret", NUMBER, NAME, PIN)
    assert canaries.in_bytes(b"15550134568 Wilhelmina 1796904716123 904716a MTU1NTAxMz", "here") == []


def test_names_and_contents_of_files_are_searched(tmp_path: Path) -> None:
    canaries = Canaries()
    canaries.add("secret", NUMBER)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / f"of-{NUMBER}").write_bytes(b"nothing")
    (tmp_path / "deep" / "harmless").write_bytes(b"\0" * 1000 + NUMBER.encode())
    assert [one.where for one in canaries.in_folder(tmp_path)] == [
        "deep/harmless",
        f"the name of deep/of-{NUMBER}",
    ]
