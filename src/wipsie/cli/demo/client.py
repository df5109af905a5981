"""The little HTTP that the demo speaks with a running Wipsie."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

from wipsie.kernel.errors import Unavailable

_TIMEOUT_S = 10.0


class ApiClient:
    """Calls of the API at one address; Unavailable when it does not answer or refuses."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        # A proxy of the environment has no business between two programs of one machine.
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def is_wipsie(self) -> bool:
        """Whether a Wipsie answers there."""
        try:
            return self._call("GET", "/").get("name") == "Wipsie"
        except Unavailable:
            return False

    def send(self, queue: str, message: dict[str, Any]) -> str:
        """Send one message; its id."""
        return str(self._call("POST", "/sqs/send", {"queue_name": queue, "message": message})["message_id"])

    def runs(self, message_id: str) -> list[dict[str, Any]]:
        """What became of a message so far, oldest try first."""
        return list(self._call("GET", f"/sqs/runs?message_id={quote(message_id)}")["runs"])

    def paused_queues(self) -> list[str]:
        """Queues that deliver nothing now."""
        return [str(one["queue"]) for one in self._call("GET", "/sqs/stats")["queues"] if one["paused"]]

    def not_ready_because(self) -> str:
        """The reason the readiness check gives, empty when all is well."""
        try:
            return str(self._call("GET", "/health/ready", also=503).get("reason", ""))
        except Unavailable as error:
            return error.message

    def _call(self, method: str, path: str, body: Any = None, *, also: int | None = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - the address is our own server's
            self.base_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        try:
            with self._open(request, timeout=_TIMEOUT_S) as answer:
                return _decoded(answer.read())
        except urllib.error.HTTPError as error:
            content = error.read()
            if error.code == also:
                return _decoded(content)
            reason = _decoded(content).get("error", {}).get("message", f"status {error.code}")
            raise Unavailable(f"{method} {self.base_url}{path} was refused: {reason}") from None
        except OSError as error:
            raise Unavailable(
                f"Nothing answers at {self.base_url} ({getattr(error, 'reason', error)}); start it with `wipsie up`."
            ) from None


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        value: Any = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]
