"""A client of Amazon SQS in a process of its own, asked by lines of JSON. `drivers/lines.py` tells how they look."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ANSWER_S_MAX = 50.0
BYTES = "$bytes"


class Refusal(Exception):
    """What the client's own error says."""

    def __init__(self, kind: str, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.kind = kind
        """The class of the error, for programs that catch it; empty where the client has none."""
        self.code = code


class ClientProcess:
    """One client. What it needs to know, endpoint and credentials, it reads from its environment, as programs do."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        endpoint_url: str,
        folder: Path,
        cwd: Path,
        key: tuple[str, str] = ("any", "thing"),
    ) -> None:
        self._errors_path = folder / "client-errors.txt"
        with self._errors_path.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=cwd,
                env=client_environment(endpoint_url, folder, key),
                bufsize=0,
            )

    def call(self, action: str, /, **members: Any) -> dict[str, Any]:
        """What the client returns of an action of the service, named as the service names it. Raises Refusal."""
        line = json.dumps([action, members], default=_plain) + "\n"
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())
        answer: dict[str, Any] = json.loads(self._line(), object_hook=_rich)
        if "error" in answer:
            raise Refusal(**{name: answer["error"][name] for name in ("kind", "code", "message")})
        return answer["output"]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process.stdout.close()

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        chunks = b""
        while not chunks.endswith(b"\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], ANSWER_S_MAX)
            chunk = os.read(self._process.stdout.fileno(), 1 << 20) if ready else b""
            if not chunk:
                raise AssertionError(f"The client did not answer: {self._errors_path.read_text('utf-8', 'replace')}")
            chunks += chunk
        return chunks


def client_environment(endpoint_url: str, home: Path, key: tuple[str, str]) -> Mapping[str, str]:
    """All that a client is told: where Amazon SQS is, and the id and secret of its key."""
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "AWS_ENDPOINT_URL_SQS": endpoint_url,
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": key[0],
        "AWS_SECRET_ACCESS_KEY": key[1],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {BYTES: base64.b64encode(value).decode()}
    raise TypeError(f"{value!r} cannot be told")


def _rich(value: dict[str, Any]) -> Any:
    return base64.b64decode(value[BYTES]) if BYTES in value else value
