"""The door itself: listening sockets, and the connections that came through them."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import ConfigurationError
from wipsie.slices.mail.doors.smtp.connection import Connection
from wipsie.slices.mail.doors.smtp.context import Accept, DoorContext, MailDoorCounts, SignIn
from wipsie.slices.mail.doors.smtp.session import LmtpSession, SmtpSession
from wipsie.slices.mail.doors.smtp.settings import MailDoorSettings
from wipsie.telemetry.logging import get_logger

Address = tuple[str, int]
"""Host and port."""
STOP_TIMEOUT_S = 10.0
_CUT_TIMEOUT_S = 5.0
"""For what was cancelled to end; `accept` is not ours."""

_log = get_logger(__name__)


class MailDoor:
    """Takes mail by SMTP and LMTP. What it said 250 to is kept; what it did not, its client still has."""

    def __init__(self, settings: MailDoorSettings, accept: Accept, sign_in: SignIn, clock: Clock) -> None:
        """`accept` keeps a mail for good: TooManyRequests and Unavailable make its client come again, MessageTooLarge give up,
        anything else is logged and makes it come again. `sign_in` may raise the first two as well."""
        self._context = DoorContext(settings, accept, sign_in, clock)
        self._smtp: asyncio.Server | None = None
        self._lmtp: asyncio.Server | None = None

    @property
    def smtp_address(self) -> Address | None:
        """Where it listens for SMTP; None when it does not."""
        return _address_of(self._smtp)

    @property
    def lmtp_address(self) -> Address | None:
        """Where it listens for LMTP; None when it does not."""
        return _address_of(self._lmtp)

    @property
    def counts(self) -> MailDoorCounts:
        """What has come through."""
        return self._context.counts

    async def start(self) -> None:
        """Listen. ConfigurationError for a port, a certificate or a folder that cannot be used; nothing is open then."""
        context, settings = self._context, self._context.settings
        context.tls = await asyncio.to_thread(_read_certificate, settings)
        try:
            await context.spool.open()
        except OSError as error:
            raise ConfigurationError(
                f"The mail door cannot use the folder {settings.spool} ({error.strerror or error}); choose another.",
                details={"folder": str(settings.spool)},
            ) from None
        context.stopping = False
        try:
            self._smtp = await _listen(
                settings.host, settings.smtp_port, lambda: SmtpSession(context), "MAIL_SMTP_PORT"
            )
            self._lmtp = await _listen(
                settings.host, settings.lmtp_port, lambda: LmtpSession(context), "MAIL_LMTP_PORT"
            )
        except ConfigurationError:
            await self.stop(timeout_s=0)
            raise
        _log.info("The mail door is open", smtp=self.smtp_address, lmtp=self.lmtp_address)

    async def stop(self, *, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Listen no more. Mails whose content is coming in have `timeout_s` until their answer; other connections end at once.
        A client that is cut off keeps its mail. May be called again, and before `start`."""
        context = self._context
        context.stopping = True
        servers = [server for server in (self._smtp, self._lmtp) if server is not None]
        self._smtp = self._lmtp = None
        for server in servers:
            server.close()
        for caller in context.callers:
            caller.dismiss()
        gone = asyncio.create_task(context.wait_until_empty(), name="mail-door-stop")
        try:
            if not await context.clock.wait(gone, timeout_s):
                for caller in context.callers:
                    caller.cut()
                if not await context.clock.wait(gone, _CUT_TIMEOUT_S):
                    _log.error("Mail connections do not end", connections=len(context.callers))
        finally:
            gone.cancel()
        # From Python 3.12 on, a server waits for its connections too.
        if not context.callers:
            for server in servers:
                await server.wait_closed()
        await context.spool.settle()


async def _listen(host: str, port: int | None, make: Callable[[], Connection], setting: str) -> asyncio.Server | None:
    if port is None:
        return None
    try:
        return await asyncio.get_running_loop().create_server(make, host, port)
    except OSError as error:
        raise ConfigurationError(
            f"Mail cannot be taken on {host}:{port} ({os.strerror(error.errno) if error.errno else error}); stop the program that "
            f"uses it, or choose another port with {setting}, or another address with MAIL_HOST.",
            details={"setting": setting, "host": host, "port": port},
        ) from None


def _read_certificate(settings: MailDoorSettings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # An empty password: without one, a key that is locked would be asked for at the terminal.
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password="")
    except OSError as error:
        raise ConfigurationError(
            f"The mail door cannot use the certificate {settings.tls_certificate} with the key {settings.tls_key} "
            f"({error.strerror or error}).",
            details={"certificate": str(settings.tls_certificate), "key": str(settings.tls_key)},
        ) from None
    return context


def _address_of(server: asyncio.Server | None) -> Address | None:
    if server is None or not server.sockets:
        return None
    host, port = server.sockets[0].getsockname()[:2]
    return str(host), int(port)
