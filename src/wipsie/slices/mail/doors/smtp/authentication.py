"""Signing in: only where nobody listens in, and three tries to a connection."""

from __future__ import annotations

from aiosmtpd.smtp import Session

from wipsie.kernel.errors import TooManyRequests, Unavailable
from wipsie.slices.mail.doors.smtp import replies
from wipsie.slices.mail.doors.smtp.connection import Connection
from wipsie.slices.mail.doors.smtp.context import DoorContext
from wipsie.slices.mail.doors.smtp.credentials import (
    CANCEL,
    MECHANISMS,
    PASSWORD_CHALLENGE,
    USERNAME_CHALLENGE,
    BadCredentials,
    Credentials,
    decode,
    read_plain,
)
from wipsie.telemetry.logging import get_logger

TRIES_MAX = 3

_log = get_logger(__name__)


class _Cancelled(Exception):
    """By the client, with the word that RFC 4954 gives it, or because it was told that its line cannot be read."""

    def __init__(self, reply: str | None) -> None:
        super().__init__(reply)
        self.reply = reply


class AuthenticatedConnection(Connection):
    """A connection whose client may say who it is."""

    def __init__(self, context: DoorContext) -> None:
        super().__init__(context)
        self.commands["AUTH"] = self._sign_in
        self._tries = 0
        self._signed_in: tuple[Session, str] | None = None
        """In a session, which begins anew with TLS: what was said before may have been heard, or changed."""

    @property
    def signed_in_as(self) -> str | None:
        """What the client is called, if it said who it is."""
        return self._signed_in[1] if self._signed_in is not None and self._signed_in[0] is self.session else None

    @property
    def offers_sign_in(self) -> bool:
        return self.is_encrypted or (self.is_local and not self.context.settings.require_tls)

    async def _sign_in(self, argument: str) -> None:
        words = argument.split()
        if self.session is None or not self.session.extended_smtp:
            await self.refuse(replies.GREET_FIRST)
        elif not self.offers_sign_in:
            await self.refuse(replies.SIGN_IN_NEEDS_TLS)
        elif self.signed_in_as is not None:
            await self.refuse(replies.ALREADY_SIGNED_IN)
        elif self.envelope is not None and self.envelope.mail_from is not None:
            await self.refuse(replies.MAIL_ALREADY_BEGUN)
        elif not words or len(words) > 2:
            await self.refuse(replies.BAD_ARGUMENTS)
        elif words[0].upper() not in MECHANISMS:
            await self.refuse(replies.UNKNOWN_MECHANISM)
        elif self._tries >= TRIES_MAX:
            self.hang_up(replies.TOO_MANY_SIGN_INS)
        else:
            self._tries += 1
            await self._answer_to(words[0].upper(), words[1] if len(words) == 2 else None)

    async def _answer_to(self, mechanism: str, first_word: str | None) -> None:
        try:
            credentials = await (self._plain(first_word) if mechanism == "PLAIN" else self._login(first_word))
        except _Cancelled as cancelled:
            if cancelled.reply is not None:
                await self.push(cancelled.reply)
        except BadCredentials:
            await self.push(replies.BAD_BASE64)
        else:
            await self.push(await self._check(credentials))

    async def _plain(self, first_word: str | None) -> Credentials:
        return read_plain(await self._ask("") if first_word is None else first_word)

    async def _login(self, first_word: str | None) -> Credentials:
        username = decode(await self._ask(USERNAME_CHALLENGE) if first_word is None else first_word)
        return Credentials(username, decode(await self._ask(PASSWORD_CHALLENGE)))

    async def _ask(self, challenge: str) -> str:
        await self.push(f"334 {challenge}")
        word = await self.read_line()
        if word is None:
            raise _Cancelled(None)
        self._reset_timeout()
        word = word.strip()
        if word == CANCEL:
            raise _Cancelled(replies.SIGN_IN_CANCELLED)
        return word

    async def _check(self, credentials: Credentials) -> str:
        try:
            name = await self.context.sign_in(credentials.username, credentials.password)
        except (TooManyRequests, Unavailable) as error:
            _log.warning("Nobody can be signed in for now", reason=error.message)
            return replies.SIGN_IN_LATER
        except Exception as error:
            # Ours, and no fault of the client: it may come again.
            _log.error("A sign-in failed", exc_info=error)
            return replies.SIGN_IN_LATER
        if name is None or self.session is None:
            self.context.counts.sign_ins_failed += 1
            _log.warning("Sign-in refused", door=self.door, remote=self.remote)
            return replies.SIGN_IN_WRONG
        self._signed_in = (self.session, name)
        return replies.SIGNED_IN
