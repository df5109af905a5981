"""The content of a mail out of what a client sends after DATA (RFC 5321, 4.5.2).

A line ends with CR LF and with nothing else. Bare CR and bare LF are bytes like others: whoever let them end a line could be
made to see the end of a mail, and then another mail, where the server before saw text (SMTP smuggling, CVE-2023-51764 and its
kin). So whatever bytes a mail is made of arrive as they are, and its last line with the CR LF that ends it.
"""

from __future__ import annotations

_END = b"\r\n.\r\n"
_STUFFED, _PLAIN = b"\r\n.", b"\r\n"


class ContentReader:
    """One mail. It keeps four bytes at most from one call of `feed` to the next."""

    def __init__(self) -> None:
        # The line of DATA before it ends with CR LF too: a mail without a line begins with its end.
        self._held = _PLAIN
        self._skip = len(_PLAIN)
        self._rest: bytes | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the end of the mail was seen; `feed` nothing more then."""
        return self._rest is not None

    @property
    def rest(self) -> bytes:
        """What came after the end of the mail: the client's next commands."""
        return self._rest or b""

    def feed(self, chunk: bytes) -> bytes:
        """The content in the next bytes of the client, however they were cut."""
        received = self._held + chunk
        end = received.find(_END)
        if end >= 0:
            self._held, self._rest = b"", received[end + len(_END) :]
            # The CR LF before the dot ends the last line of the mail.
            received = received[: end + len(_PLAIN)]
        else:
            undecided = _undecided(received)
            self._held, received = received[undecided:], received[:undecided]
        content = received.replace(_STUFFED, _PLAIN)[self._skip :]
        if received:
            self._skip = 0
        return content


def _undecided(received: bytes) -> int:
    """Where that begins which may be the beginning of the end."""
    for length in range(len(_END) - 1, 0, -1):
        if received.endswith(_END[:length]):
            return len(received) - length
    return len(received)
