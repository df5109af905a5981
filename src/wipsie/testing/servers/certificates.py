"""Certificate authorities that live as long as a test, and what they sign. Needs the openssl program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wipsie.testing.servers.programs import find_program
from wipsie.testing.servers.server_process import run_to_end

_HOW_TO_GET_IT = "Debian, Ubuntu: apt-get install openssl; macOS: brew install openssl."
_REQUEST = """
[req]
distinguished_name = name
prompt = no
x509_extensions = extensions
[name]
CN = {name}
[extensions]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
{extensions}
"""
_OF_AN_AUTHORITY = "basicConstraints = critical, CA:true\nkeyUsage = critical, keyCertSign, cRLSign"
_OF_A_HOST = "basicConstraints = critical, CA:false\nsubjectAltName = {host}"


@dataclass(frozen=True)
class Signed:
    """A certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """An authority nobody knows who was not told of it. Raises ServerMissing where there is no openssl."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._name = name
        self._own = self._make(name, _OF_AN_AUTHORITY)

    @property
    def certificate(self) -> Path:
        """What must be named to trust it."""
        return self._own.certificate

    def sign(self, name: str, *, host: str = "IP:127.0.0.1") -> Signed:
        """A certificate for `host`."""
        own = self._own
        return self._make(
            f"{self._name}-{name}", _OF_A_HOST.format(host=host), "-CA", own.certificate, "-CAkey", own.key
        )

    def lock(self, signed: Signed, password: str) -> Path:
        """The key of a certificate as a file that only the password opens."""
        locked = signed.key.with_suffix(".locked")
        command = [find_program("openssl", _HOW_TO_GET_IT), "pkey", "-in", str(signed.key), "-out", str(locked)]
        run_to_end([*command, "-aes256", "-passout", f"pass:{password}"], folder=self._folder)
        return locked

    def _make(self, name: str, extensions: str, *signed_by: str | Path) -> Signed:
        request = self._folder / f"{name}.conf"
        request.write_text(_REQUEST.format(name=name, extensions=extensions), "utf-8")
        made = Signed(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        command = [find_program("openssl", _HOW_TO_GET_IT), "req", "-x509", "-config", request, "-days", "1"]
        command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-keyout", made.key, "-out", made.certificate, *signed_by]
        run_to_end([str(word) for word in command], folder=self._folder)
        return made
