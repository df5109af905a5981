"""Certificates for a PostgreSQL that speaks TLS: an authority made for the test, and a server it vouches for."""

from __future__ import annotations

import os
from pathlib import Path

from wipsie.testing.servers.accounts import Account, account_for
from wipsie.testing.servers.ports import HOST
from wipsie.testing.servers.programs import find_program
from wipsie.testing.servers.server_process import run_to_end

_HOW_TO_GET_IT = "Debian, Ubuntu: apt-get install openssl; macOS: brew install openssl."
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_DAYS = ("-days", "2")


class Authority:
    """Signs certificates; `file` is what a client must name to trust them. Raises ServerMissing without openssl."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        """Files are made in `folder`, which the server's account can reach."""
        self._program = find_program("openssl", _HOW_TO_GET_IT)
        self._folder = folder
        self._name = name
        self.file = folder / f"{name}.pem"
        self._run(
            *("req", "-x509", *_NEW_KEY, *_DAYS, "-subj", f"/CN={name}"),
            *("-keyout", f"{name}.key", "-out", self.file.name),
        )

    def server_settings(self) -> dict[str, str]:
        """Settings of postgresql.conf for a server whose certificate is made out to its address, not to `localhost`."""
        name = f"{self._name}-server"
        extension = self._folder / f"{name}.extension"
        extension.write_text(f"subjectAltName=IP:{HOST}\n")
        self._run("req", *_NEW_KEY, "-subj", "/CN=server", "-keyout", f"{name}.key", "-out", f"{name}.request")
        self._run(
            *("x509", "-req", *_DAYS, "-in", f"{name}.request", "-out", f"{name}.pem", "-extfile", extension.name),
            *("-CA", self.file.name, "-CAkey", f"{self._name}.key", "-CAcreateserial"),
        )
        account = account_for("postgres")
        for file in (self._folder / f"{name}.key", self._folder / f"{name}.pem"):
            _give(file, account)
        return {
            "ssl": "on",
            "ssl_cert_file": str(self._folder / f"{name}.pem"),
            "ssl_key_file": str(self._folder / f"{name}.key"),
        }

    def _run(self, *arguments: str) -> None:
        run_to_end([self._program, *arguments], folder=self._folder)


def _give(file: Path, account: Account | None) -> None:
    # PostgreSQL refuses a key that others may read.
    file.chmod(0o600)
    if account is not None:
        os.chown(file, account.user_id, account.group_id)
