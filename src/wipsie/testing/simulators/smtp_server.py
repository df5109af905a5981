"""A mail server on loopback that keeps what it takes, and can refuse, ask for patience, or fall silent."""

from __future__ import annotations

import asyncio
from collections import deque
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

import msgspec


class ReceivedMail(msgspec.Struct, frozen=True):
    """One message the server took."""

    sender: str
    recipients: list[str]
    message: EmailMessage


class SmtpServer:
    """``async with SmtpServer() as server:``; needs the library aiosmtpd.

    `received` holds the mails taken. `answer_recipient_with` and `answer_data_with` queue answers for the next messages,
    for example ``"451 Try later"``; `hang` makes it take commands and answer nothing until `stop_hanging`.
    """

    def __init__(self) -> None:
        self.received: list[ReceivedMail] = []
        self.connections = 0
        self._recipient_answers: deque[str] = deque()
        self._data_answers: deque[str] = deque()
        self._answering = asyncio.Event()
        self._answering.set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None, "the server is not started"
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Its SMTP_URL."""
        return f"smtp://127.0.0.1:{self.port}?tls=none&timeout_s=5"

    def answer_recipient_with(self, *answers: str) -> None:
        """Answer the next RCPT commands so, one each."""
        self._recipient_answers.extend(answers)

    def answer_data_with(self, *answers: str) -> None:
        """Answer the next messages so after their text, one each; they are not kept."""
        self._data_answers.extend(answers)

    def hang(self) -> None:
        """Answer no more."""
        self._answering.clear()

    def stop_hanging(self) -> None:
        """Answer again."""
        self._answering.set()

    async def __aenter__(self) -> SmtpServer:
        from aiosmtpd.smtp import SMTP

        def protocol() -> asyncio.Protocol:
            self.connections += 1
            made: Any = SMTP(self, hostname="simulator.test", enable_SMTPUTF8=True, ident="Simulator")
            return cast("asyncio.Protocol", made)

        self._server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.stop_hanging()
        if self._server is not None:
            self._server.close()
            self._server = None

    # Called by the library, under the names it looks for.

    async def handle_MAIL(  # noqa: N802
        self, _server: object, _session: object, envelope: Any, address: str, options: list[str]
    ) -> str:
        await self._answering.wait()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: object, _session: object, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self._recipient_answers:
            return self._recipient_answers.popleft()
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        if self._data_answers:
            return self._data_answers.popleft()
        message = message_from_bytes(envelope.content, policy=default)
        self.received.append(ReceivedMail(envelope.mail_from, list(envelope.rcpt_tos), message))
        return "250 Taken"
