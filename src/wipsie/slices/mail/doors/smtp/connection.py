"""One connection of a client: its lines in, its replies out, and every way it can end.

The library brings the streams, STARTTLS and the clock of idle clients. How lines are read, what is said to those that lead
nowhere, and how long anybody is listened to is decided here.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from typing import cast

from aiosmtpd.smtp import SMTP, TLSSetupException

from wipsie.kernel.limits import KIB
from wipsie.slices.mail.domain.arrival import Door
from wipsie.slices.mail.doors.smtp import replies
from wipsie.slices.mail.doors.smtp.context import DoorContext
from wipsie.telemetry.logging import get_logger

LINE_BYTES_MAX = 4 * KIB
"""Of a command. RFC 5321, 4.5.3.1.4, asks for 512; words to sign in with are longer."""
_SKIP_BYTES_MAX = 64 * KIB
"""So much is passed over, for the end of a line that is too long."""
_PATIENCE = 100
"""Commands that bring no mail, until a mail was accepted."""
_BAD_COMMAND_COST = 10
_CLOSING_S = 5.0
"""How long a client may take to read the last words."""
_FREE = frozenset({"MAIL", "RCPT", "DATA", "QUIT"})
_OF_WEB_CLIENTS = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT"})
"""Whoever can make a browser post to this port must not bring mail in the body."""

Command = Callable[[str], Awaitable[None]]
"""Takes what stands behind the word, without spaces around it."""

_log = get_logger(__name__)


class Connection(SMTP):
    """The door's side of a connection."""

    protocol_name = "ESMTP"
    door: Door = "smtp"
    line_length_limit = LINE_BYTES_MAX

    def __init__(self, context: DoorContext) -> None:
        settings = context.settings
        super().__init__(
            None,
            data_size_limit=settings.size_bytes_max,
            enable_SMTPUTF8=True,
            hostname=settings.hostname,
            tls_context=context.tls,
            timeout=settings.timeout_s,
            loop=asyncio.get_running_loop(),
        )
        self.context = context
        self.commands: dict[str, Command] = {
            "STARTTLS": self._start_tls,
            "QUIT": self._quit,
            "NOOP": self._do_nothing,
            "RSET": self._forget,
            "VRFY": self._verify,
            "EXPN": self._expand,
            "HELP": self._help,
        }
        self.remote = ""
        self.in_mail = False
        """A mail is coming in, or waits to be kept."""
        self._patience = _PATIENCE
        self._is_admitted = False
        self._is_lost = False

    # What ends a connection: the client, the clock, the door, and what it said itself.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the library for the connection, and once more when it is encrypted."""
        is_new = self.transport is None
        if is_new:
            self.remote = _address_of(transport)
            self._is_admitted = self.context.admit(self)
        super().connection_made(transport)
        if is_new and self._handler_coroutine is not None:
            self._handler_coroutine.add_done_callback(lambda _: self._leave_when_over())

    def connection_lost(self, error: Exception | None) -> None:
        if not self._is_lost:
            self._is_lost = True
            super().connection_lost(error)
            self._leave_when_over()

    def dismiss(self) -> None:
        if not self.in_mail:
            self.hang_up(replies.SHUTTING_DOWN)

    def cut(self) -> None:
        self.hang_up(replies.SHUTTING_DOWN)
        self._abort()
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    def hang_up(self, last_words: str | None = None) -> None:
        """Close the connection, once the client has read what was said to it."""
        transport = self._transport_now()
        if transport is None or transport.is_closing():
            return
        if last_words is not None:
            transport.write(last_words.encode() + b"\r\n")
        transport.close()
        self._reset_timeout(_CLOSING_S)

    def _timeout_cb(self) -> None:
        transport = self._transport_now()
        # A client that does not read would keep its connection: what was said to it waits to be sent.
        if transport is None or transport.is_closing() or transport.get_write_buffer_size() > 0:
            self._abort()
        else:
            self.hang_up(replies.TIMED_OUT)

    def _abort(self) -> None:
        for transport in (self.transport, self._original_transport):
            if transport is not None:
                cast("asyncio.WriteTransport", transport).abort()

    def _transport_now(self) -> asyncio.WriteTransport | None:
        return cast("asyncio.WriteTransport | None", self.transport)

    def _leave_when_over(self) -> None:
        if self._is_lost and (self._handler_coroutine is None or self._handler_coroutine.done()):
            self.context.leave(self)

    # Lines in, replies out.

    @property
    def is_open(self) -> bool:
        transport = self._transport_now()
        return transport is not None and not transport.is_closing()

    @property
    def is_encrypted(self) -> bool:
        return self.session is not None and self.session.ssl is not None

    @property
    def is_local(self) -> bool:
        """Whether the client runs on this machine."""
        return bool(self.remote) and ipaddress.ip_address(self.remote).is_loopback

    async def refuse(self, reply: str) -> None:
        """Answer a command that leads nowhere; after too many of them the connection ends."""
        self._patience -= _BAD_COMMAND_COST
        await self.push(reply)

    def restore_patience(self) -> None:
        """The client has done what it came for."""
        self._patience = _PATIENCE

    async def read_line(self) -> str | None:
        """The next line, without what ends it. None for one that cannot be read; the client was told why."""
        skipped = 0
        while skipped <= _SKIP_BYTES_MAX:
            try:
                line = await self._reader.readuntil()
            except asyncio.LimitOverrunError as error:
                skipped += len(await self._reader.read(error.consumed))
                continue
            except asyncio.IncompleteReadError:
                raise ConnectionResetError("The client has gone.") from None
            if skipped:
                await self.refuse(replies.LINE_TOO_LONG)
                return None
            try:
                return line.rstrip(b"\r\n").decode()
            except UnicodeDecodeError:
                await self.refuse(replies.BAD_TEXT)
                return None
        self.hang_up(replies.LINE_TOO_LONG)
        return None

    async def _handle_client(self) -> None:
        """All there is to say, from the greeting to the end. Runs as a task, which the library cancels when the client goes."""
        try:
            if self._is_admitted:
                await self.push(f"220 {self.hostname} {self.protocol_name} Wipsie")
            else:
                self.hang_up(replies.TOO_MANY_CONNECTIONS)
            while self.is_open:
                await self._answer_next()
        except ConnectionError:
            # Between two lines, or while a reply was on its way; nobody is left to be told.
            pass
        finally:
            self.hang_up()

    async def _answer_next(self) -> None:
        if self.context.stopping:
            self.hang_up(replies.SHUTTING_DOWN)
            return
        if self._patience <= 0:
            self.hang_up(replies.TOO_MANY_ERRORS)
            return
        line = await self.read_line()
        if line is None:
            return
        word, _, argument = line.partition(" ")
        command = word.upper()
        if command in _OF_WEB_CLIENTS:
            self.hang_up(replies.NO_WEB_SERVER)
            return
        answer = self.commands.get(command)
        if answer is None:
            await self.refuse(replies.UNKNOWN_COMMAND)
            return
        self._reset_timeout()
        if command not in _FREE:
            self._patience -= 1
        try:
            await answer(argument.strip())
        except ConnectionError:
            raise
        except Exception as error:
            # Ours. The client hears of it in words and comes again; how much of a mail was read, nobody knows any more.
            _log.error("A command failed", command=command, exc_info=error)
            self.hang_up(replies.NOT_NOW)

    # Commands about the connection itself.

    async def _start_tls(self, argument: str) -> None:
        if argument:
            await self.refuse(replies.BAD_ARGUMENTS)
        elif self.tls_context is None:
            await self.refuse(replies.NOT_OFFERED)
        elif self.is_encrypted:
            await self.refuse(replies.ALREADY_ENCRYPTED)
        else:
            try:
                await self.smtp_STARTTLS("")
            except TLSSetupException as error:
                _log.info("No TLS with a client", remote=self.remote, reason=str(error.__cause__))
            if not self.is_encrypted:
                # The layer below tells nobody of a connection that is lost before it is encrypted.
                self._abort()
                self.connection_lost(None)

    async def _quit(self, _argument: str) -> None:
        self.hang_up(replies.GOODBYE)

    async def _do_nothing(self, _argument: str) -> None:
        await self.push(replies.OK)

    async def _forget(self, _argument: str) -> None:
        self._set_rset_state()
        await self.push(replies.OK)

    async def _verify(self, _argument: str) -> None:
        await self.push(replies.CANNOT_VERIFY)

    async def _expand(self, _argument: str) -> None:
        await self.refuse(replies.NOT_OFFERED)

    async def _help(self, _argument: str) -> None:
        await self.push(replies.HELP)


def _address_of(transport: asyncio.BaseTransport) -> str:
    peer = transport.get_extra_info("peername")
    if not peer:
        # Gone before it was asked for its name.
        return ""
    address = ipaddress.ip_address(str(peer[0]))
    # As a socket for both families shows a client that came by IPv4.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
