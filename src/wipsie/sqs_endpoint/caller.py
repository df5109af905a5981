"""Who calls, and by which name: account and region as the client's signature says them, and the address it reached us at.

Neither opens or closes anything: queues are one namespace, and the two only appear in queue URLs and ARNs.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from starlette.types import Scope

from wipsie.kernel.ids import QueueName

ACCOUNT = "000000000000"
REGION = "us-east-1"
_CREDENTIAL = re.compile(r"Credential=([\w-]{1,128})/\d{1,8}/([a-z0-9-]{1,32})/")
_PRESIGNED = re.compile(r"([\w-]{1,128})/\d{1,8}/([a-z0-9-]{1,32})/")
_HOST = re.compile(r"(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_ACCOUNT = re.compile(r"\d{12}")
_QUEUE_PATH = re.compile(r"(.*?)/\d{12}/[A-Za-z0-9_.-]{1,100}/?")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9_.~-]+)*")


class Caller:
    """Read from the request only where an answer holds a URL or an ARN."""

    __slots__ = ("_base", "_named", "_scope")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._base: str | None = None
        self._named: tuple[str, str] | None = None

    @property
    def account(self) -> str:
        """Twelve digits: the access key where it is one, as local endpoints have it."""
        return self._identity()[0]

    @property
    def region(self) -> str:
        """The region the request was signed for."""
        return self._identity()[1]

    def queue_url(self, queue: str) -> str:
        """The URL of a queue, at the address this very request came to."""
        if self._base is None:
            self._base = self._find_base()
        return f"{self._base}/{self.account}/{queue}"

    def queue_arn(self, queue: str) -> str:
        """The ARN of a queue."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{queue}"

    def _header(self, name: bytes) -> str:
        for key, value in self._scope["headers"]:
            if key == name:
                return value.decode("latin-1")
        return ""

    def _identity(self) -> tuple[str, str]:
        if self._named is None:
            found = _CREDENTIAL.search(self._header(b"authorization"))
            if found is None and b"X-Amz-Credential" in self._scope["query_string"]:
                query = dict(parse_qsl(self._scope["query_string"].decode("latin-1")))
                found = _PRESIGNED.match(query.get("X-Amz-Credential", ""))
            key, region = (found[1], found[2]) if found is not None else ("", REGION)
            self._named = (key if _ACCOUNT.fullmatch(key) else ACCOUNT, region)
        return self._named

    def _find_base(self) -> str:
        scope = self._scope
        host = self._header(b"host")
        if not _HOST.fullmatch(host):
            # What is no name would make a URL that leads elsewhere.
            server = scope.get("server") or ("127.0.0.1", None)
            host = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
        path: str = scope["path"]
        match = _QUEUE_PATH.fullmatch(path)
        prefix = match[1] if match is not None else path.rstrip("/")
        if not _PREFIX.fullmatch(prefix):
            prefix = ""
        return f"{scope.get('scheme', 'http')}://{host}{prefix}"


def queue_of_url(url: str) -> QueueName:
    """The name in a queue URL; a bare name is one too."""
    return QueueName(url.rstrip("/").rpartition("/")[2])


def queue_of_arn(arn: str) -> QueueName | None:
    """The name in the ARN of a queue; None when it is none."""
    parts = arn.split(":")
    is_queue = len(parts) == 6 and parts[0] == "arn" and parts[2] == "sqs" and parts[5]
    return QueueName(parts[5]) if is_queue else None
