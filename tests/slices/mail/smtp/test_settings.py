"""A door that nobody could use, or that anybody could, is not opened."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError
from wipsie.slices.mail.doors.smtp.door import MailDoor
from wipsie.slices.mail.doors.smtp.settings import MailDoorSettings

CERTIFICATE: dict[str, Any] = {"tls_certificate": Path("c.pem"), "tls_key": Path("c.key")}
OUTSIDE: dict[str, Any] = {"host": "0.0.0.0"}
OURS = frozenset({"Example.org"})


def settings(**given: Any) -> MailDoorSettings:
    return MailDoorSettings(spool=Path("spool"), **given)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"tls_key": Path("c.key")}, "or none"),
        ({"require_tls": True}, "there is no certificate"),
        ({**OUTSIDE, "require_sign_in": True}, "over TLS alone"),
        (OUTSIDE, "from anybody for anybody"),
        ({**OUTSIDE, **CERTIFICATE}, "from anybody for anybody"),
        ({"hostname": "a\r\nb"}, "one ASCII word"),
        ({"hostname": ""}, "one ASCII word"),
        ({"size_bytes_max": 0}, "size_bytes_max is 0"),
        ({"connections_max": -1}, "connections_max is -1"),
        ({"timeout_s": 0}, "timeout_s is 0"),
    ],
    ids=repr,
)
def test_a_wrong_setting_is_named(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        settings(**given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"host": "::1"},
        {"require_sign_in": True},
        {**OUTSIDE, "domains": OURS},
        {**OUTSIDE, **CERTIFICATE, "require_sign_in": True},
    ],
    ids=repr,
)
def test_a_door_with_a_rule_is_right(given: dict[str, Any]) -> None:
    assert settings(**given).is_loopback == ("host" not in given or given["host"] == "::1")


def test_domains_are_compared_without_case_and_as_a_whole() -> None:
    ours = settings(domains=OURS)
    assert ours.takes_mail_for("EXAMPLE.ORG")
    assert not ours.takes_mail_for("sub.example.org")
    assert settings().takes_mail_for("anything.example")


async def test_what_cannot_be_used_is_named_when_the_door_starts(tmp_path: Path, leaves_nothing_behind: None) -> None:
    (tmp_path / "in-the-way").write_text("")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wrongs: dict[str, dict[str, Any]] = {
            "cannot be taken on 127.0.0.1:": {"smtp_port": 0, "lmtp_port": taken.getsockname()[1]},
            "cannot use the folder": {"spool": tmp_path / "in-the-way" / "spool"},
            "cannot use the certificate": {"tls_certificate": tmp_path / "in-the-way", "tls_key": tmp_path / "no.key"},
        }
        for sentence, given in wrongs.items():
            whole: dict[str, Any] = {"spool": tmp_path / "spool", **given}
            door = MailDoor(MailDoorSettings(**whole), accept=_never, sign_in=_never, clock=SystemClock())
            with pytest.raises(ConfigurationError, match=sentence):
                await door.start()
            assert door.smtp_address is None


async def _never(*_given: object) -> Any:
    raise AssertionError("nobody came")
