"""What the doctor says of SMTP and LMTP: their ports, and the certificate they offer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from wipsie.app.doctor.mail_doors import check_mail_doors
from wipsie.app.instances import InstanceFile
from wipsie.app.listening import open_listener
from wipsie.app.settings import Settings
from wipsie.kernel.clock import SystemClock, utc_datetime

Examine = Callable[..., dict[str, tuple[str, str]]]
UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
NEEDS_SETPRIV = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root cannot give up its rights without setpriv"
)


@pytest.fixture
def examine(data_dir: Path) -> Examine:
    """Status and words of each finding, with some variables set."""

    def run(**variables: object) -> dict[str, tuple[str, str]]:
        values = {name: str(value) for name, value in variables.items()}
        findings = asyncio.run(check_mail_doors(Settings.read({"WIPSIE_DATA_DIR": str(data_dir), **values})))
        return {one.check: (one.status, f"{one.detail} {one.advice}") for one in findings}

    return run


def examine_without_rights(data_dir: Path, **variables: object) -> dict[str, tuple[str, str]]:
    """The same by the command itself, as somebody sees it who has no rights, whoever runs the tests."""
    as_anybody = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    values = {name: str(value) for name, value in variables.items()}
    done = subprocess.run(
        [*as_anybody, sys.executable, "-m", "wipsie", "doctor", "--json"],
        env={"PATH": os.environ["PATH"], "WIPSIE_DATA_DIR": str(data_dir), "API_PORT": "0", **values},
        cwd=data_dir.parent,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    return {one["check"]: (one["status"], one["detail"]) for one in json.loads(done.stdout)["checks"]}


@contextlib.contextmanager
def greeter(greeting: bytes) -> Generator[int]:
    """A program that says this to everybody who comes; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            # Ends with the server's socket.
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client:
                        client.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_without_ports_nothing_is_asked(examine: Examine) -> None:
    found = examine()
    assert found["mail in"][0] == "ok"
    assert not {"smtp", "lmtp", "starttls"} & set(found)


def test_free_ports_are_told(examine: Examine, port: int) -> None:
    found = examine(MAIL_SMTP_PORT=port, MAIL_LMTP_PORT=0)
    assert found["smtp"] == ("ok", f"{port} on 127.0.0.1 is free ")
    assert found["lmtp"][0] == "ok"
    assert found["starttls"][0] == "ok"


@pytest.mark.parametrize("name", ["smtp", "lmtp"])
@pytest.mark.parametrize("greeting", [b"220 mx.example.org ESMTP Postfix\r\n", b"\x15\x03\x01\r\n", b"x" * 100_000])
def test_a_port_of_another_program_is_told_with_its_setting(examine: Examine, name: str, greeting: bytes) -> None:
    setting = f"MAIL_{name.upper()}_PORT"
    with greeter(greeting) as port:
        status, words = examine(**{setting: port})[name]
    assert (status, f"{port} on 127.0.0.1 is taken by another program" in words) == ("fail", True)
    assert setting in words


def test_a_program_that_says_nothing_has_the_port_too(examine: Examine) -> None:
    listener = open_listener("127.0.0.1", 0)
    try:
        assert examine(MAIL_SMTP_PORT=listener.port)["smtp"][0] == "fail"
    finally:
        listener.close()


def test_a_wipsie_of_another_folder_is_told_from_the_one_of_this(examine: Examine, data_dir: Path) -> None:
    with greeter(b"220 localhost ESMTP Wipsie\r\n") as port:
        status, words = examine(MAIL_SMTP_PORT=port)["smtp"]
        assert (status, "another data folder" in words) == ("fail", True)
        data_dir.mkdir(mode=0o700)
        running = InstanceFile(data_dir, roles=("api",), address="http://127.0.0.1:1", clock=SystemClock())
        running.write()
        try:
            status, words = examine(MAIL_SMTP_PORT=port)["smtp"]
        finally:
            running.remove()
    assert (status, f"takes mail on {port}" in words) == ("ok", True)


def test_a_wipsie_that_runs_without_the_port_is_to_be_started_again(
    examine: Examine, data_dir: Path, port: int
) -> None:
    data_dir.mkdir(mode=0o700)
    running = InstanceFile(data_dir, roles=("api",), address="http://127.0.0.1:1", clock=SystemClock())
    running.write()
    try:
        status, words = examine(MAIL_LMTP_PORT=port)["lmtp"]
    finally:
        running.remove()
    assert (status, "start it again" in words) == ("warn", True)


def test_one_port_for_both_is_refused(examine: Examine, port: int) -> None:
    status, words = examine(MAIL_SMTP_PORT=port, MAIL_LMTP_PORT=port)["mail in"]
    assert (status, str(port) in words) == ("fail", True)


@pytest.mark.parametrize(
    ("variables", "check", "words"),
    [
        ({"MAIL_HOST": "no such host", "MAIL_DOMAINS": "a.example"}, "smtp", "MAIL_HOST is 'no such host'"),
        ({"MAIL_HOST": "192.0.2.1", "MAIL_DOMAINS": "a.example"}, "smtp", "check MAIL_HOST and MAIL_SMTP_PORT"),
        ({"MAIL_HOST": "0.0.0.0"}, "mail in", "from anybody for anybody"),
        ({"MAIL_REQUIRE_TLS": "true"}, "mail in", "MAIL_TLS_CERTIFICATE"),
    ],
    ids=["no host", "another machine's", "open to all", "TLS without a certificate"],
)
def test_a_door_that_cannot_open_is_told(
    examine: Examine, port: int, variables: dict[str, str], check: str, words: str
) -> None:
    status, told = examine(MAIL_SMTP_PORT=port, **variables)[check]
    assert (status, words in told) == ("fail", True), told


def test_mail_that_travels_as_plain_text_to_other_machines_is_a_warning(examine: Examine, port: int) -> None:
    found = examine(MAIL_SMTP_PORT=port, MAIL_HOST="0.0.0.0", MAIL_DOMAINS="a.example")
    assert found["smtp"][0] == "ok"
    assert found["starttls"][0] == "warn"


@pytest.mark.parametrize("variable", [{"WIPSIE_ROLES": "worker"}, {"WIPSIE_SLICES": "tasks"}], ids=str)
def test_where_nothing_listens_no_port_is_needed(examine: Examine, variable: dict[str, str]) -> None:
    listener = open_listener("127.0.0.1", 0)
    try:
        found = examine(MAIL_SMTP_PORT=listener.port, **variable)
    finally:
        listener.close()
    assert "smtp" not in found
    assert found["mail in"][0] == "ok"


@pytest.mark.slow
@NEEDS_SETPRIV
@pytest.mark.skipif(
    not UNPRIVILEGED.exists() or int(UNPRIVILEGED.read_text()) <= 1023, reason="here any user may have any port"
)
def test_a_port_that_needs_rights_is_told_with_what_to_do(data_dir: Path) -> None:
    status, words = examine_without_rights(data_dir, MAIL_SMTP_PORT=1023)["smtp"]
    assert status == "fail"
    assert "Port 1023 needs special rights; choose one above 1023 with MAIL_SMTP_PORT" in words
    assert "CAP_NET_BIND_SERVICE" in words


class Files:
    """Certificates and keys, as an operator has them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())

    def certificate(
        self, *, begins: float = -1, ends: float = 89, key: ec.EllipticCurvePrivateKey | None = None
    ) -> bytes:
        """Good from and until so many days from now."""
        now = utc_datetime(SystemClock.now_ms())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
        signed = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key((key or self.key).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=begins))
            .not_valid_after(now + timedelta(days=ends))
            .sign(self.key, SHA256())
        )
        return signed.public_bytes(Encoding.PEM)

    def write(self, certificate: bytes, *, lock: KeySerializationEncryption | None = None) -> dict[str, Path]:
        """The variables that name both files."""
        paths = {"MAIL_TLS_CERTIFICATE": self.folder / "mail.pem", "MAIL_TLS_KEY": self.folder / "mail.key"}
        paths["MAIL_TLS_CERTIFICATE"].write_bytes(certificate)
        paths["MAIL_TLS_KEY"].write_bytes(
            self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock or NoEncryption())
        )
        return paths


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_good_certificate_is_told_with_its_end(examine: Examine, files: Files, port: int) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    paths = files.write(files.certificate() + files.certificate(key=other, ends=1))
    status, words = examine(MAIL_SMTP_PORT=port, **paths)["starttls"]
    assert status == "ok"
    assert f"mail.pem is good until {utc_datetime(SystemClock.now_ms()) + timedelta(days=89):%Y-%m-%d}" in words


@pytest.mark.parametrize(
    ("begins", "ends", "status", "words"),
    [
        (-80, 10, "warn", "Renew it"),
        (-4, 2.5, "ok", "2 d"),
        (-5, 1.5, "warn", "1 d"),
        (-90, -0.1, "fail", "has expired"),
        (0.5, 90, "fail", "is good from"),
    ],
    ids=["soon over", "a short one", "a short one soon over", "over", "not yet"],
)
def test_the_time_of_a_certificate_is_judged(
    examine: Examine, files: Files, begins: float, ends: float, status: str, words: str
) -> None:
    # Named is enough: it is looked at before a port is opened for it.
    told = examine(**files.write(files.certificate(begins=begins, ends=ends)))["starttls"]
    assert (told[0], words in told[1]) == (status, True), told


def replaced(name: str, content: bytes | None) -> Callable[[Files], dict[str, Path]]:
    def make(files: Files) -> dict[str, Path]:
        paths = files.write(files.certificate())
        paths[name].unlink()
        if content is not None:
            paths[name].write_bytes(content)
        return paths

    return make


def in_wrong_order(files: Files) -> dict[str, Path]:
    other = ec.generate_private_key(ec.SECP256R1())
    return files.write(files.certificate(key=other) + files.certificate())


def a_folder(files: Files) -> dict[str, Path]:
    return {**files.write(files.certificate()), "MAIL_TLS_KEY": files.folder}


UNUSABLE: dict[str, tuple[Callable[[Files], dict[str, Path]], str]] = {
    "no certificate": (replaced("MAIL_TLS_CERTIFICATE", None), "mail.pem is not there"),
    "no key": (replaced("MAIL_TLS_KEY", None), "mail.key is not there"),
    "an empty certificate": (replaced("MAIL_TLS_CERTIFICATE", b""), "mail.pem holds no certificate in PEM"),
    "bytes as a certificate": (replaced("MAIL_TLS_CERTIFICATE", b"\x30\x82"), "mail.pem holds no certificate in PEM"),
    "text as a key": (replaced("MAIL_TLS_KEY", b"secret"), "mail.key holds no private key in PEM"),
    "a folder as a key": (a_folder, "cannot be read: Is a directory"),
    "a locked key": (
        lambda files: files.write(files.certificate(), lock=BestAvailableEncryption(b"password")),
        "mail.key is locked with a password",
    ),
    "of another key": (
        lambda files: files.write(files.certificate(key=ec.generate_private_key(ec.SECP256R1()))),
        "mail.key do not belong together",
    ),
    "in the wrong order": (in_wrong_order, "begins with another certificate than that of"),
    "one alone": (
        lambda files: {"MAIL_TLS_KEY": files.write(files.certificate())["MAIL_TLS_KEY"]},
        "only one of MAIL_TLS_CERTIFICATE and MAIL_TLS_KEY is set",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_files_that_cannot_be_used_are_told_one_by_one(examine: Examine, files: Files, case: str) -> None:
    make, words = UNUSABLE[case]
    variables: dict[str, Any] = dict(make(files))
    status, told = examine(**variables)["starttls"]
    assert (status, words in told) == ("fail", True), told


@pytest.mark.slow
@NEEDS_SETPRIV
def test_a_key_that_this_user_may_not_read_is_told(data_dir: Path, files: Files) -> None:
    paths = files.write(files.certificate())
    paths["MAIL_TLS_KEY"].chmod(0o000)
    status, words = examine_without_rights(data_dir, **paths)["starttls"]
    assert (status, "mail.key cannot be read: Permission denied" in words) == ("fail", True), words
