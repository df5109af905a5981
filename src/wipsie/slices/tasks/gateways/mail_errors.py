"""How a delivery of mail can fail, sorted by what to do about it."""

from __future__ import annotations


class MailRefused(Exception):
    """Never try again: the server, or we, will not have this message. `code` is stable."""

    def __init__(self, reason: str, code: str = "MAIL_REFUSED") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class MailUnavailable(Exception):
    """Try again later: no connection, no answer in time, or the server asked for patience."""
