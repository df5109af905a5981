"""Mails over one connection: greeting, envelope, content, and one answer that is true.

MAIL ──► RCPT … ──► DATA ──► bytes into a file ──► kept ──► 250
                                  │                  └────── cannot be kept now ──► 451: the client comes again
                                  └── over the limit ──► 552, the rest is read and dropped
"""

from __future__ import annotations

from pathlib import Path as FilePath

from wipsie.kernel.limits import KIB, MIB
from wipsie.slices.mail.domain.arrival import Envelope
from wipsie.slices.mail.doors.smtp import replies
from wipsie.slices.mail.doors.smtp.authentication import AuthenticatedConnection
from wipsie.slices.mail.doors.smtp.content import ContentReader
from wipsie.slices.mail.doors.smtp.context import DoorContext
from wipsie.slices.mail.doors.smtp.credentials import MECHANISMS
from wipsie.slices.mail.doors.smtp.paths import BadAddress, BadSyntax, Path, read_helo, read_recipient, read_sender
from wipsie.slices.mail.doors.smtp.spool import IncomingMail
from wipsie.telemetry.logging import get_logger

BYTES_PER_S_MIN = 1 * KIB
"""What a mail must come with, once it has taken as long as a client may be silent."""
_ALL_THERE_IS = 2**31
"""More than a stream ever holds: it stops reading from the network soon after `LINE_BYTES_MAX`."""
_KNOWN_PARAMETERS = frozenset({"SIZE", "BODY", "SMTPUTF8", "AUTH"})
_BODIES = ("7BIT", "8BITMIME")
_SIZE_DIGITS_MAX = 20

_log = get_logger(__name__)


class SmtpSession(AuthenticatedConnection):
    """SMTP: one answer for a mail, whomever it is for."""

    def __init__(self, context: DoorContext) -> None:
        super().__init__(context)
        self.commands.update(
            {
                "HELO": self._helo,
                "EHLO": self._ehlo,
                "MAIL": self._mail,
                "RCPT": self._recipient,
                "DATA": self._data,
            }
        )

    async def _helo(self, name: str) -> None:
        await self._greet(name, extended=False)

    async def _ehlo(self, name: str) -> None:
        await self._greet(name, extended=True)

    async def _mail(self, argument: str) -> None:
        if self.session is None or self.envelope is None or not self.session.host_name:
            await self.refuse(replies.GREET_FIRST)
        elif self.context.settings.require_tls and not self.is_encrypted:
            await self.refuse(replies.TLS_FIRST)
        elif self.context.settings.require_sign_in and self.signed_in_as is None:
            await self.refuse(replies.SIGN_IN_FIRST)
        elif self.envelope.mail_from is not None:
            await self.refuse(replies.MAIL_ALREADY_BEGUN)
        else:
            try:
                path = read_sender(argument)
            except BadSyntax:
                await self.refuse(replies.BAD_ARGUMENTS)
            except BadAddress:
                await self.push(replies.BAD_SENDER)
            else:
                refusal = self._why_not_from(path)
                if refusal is None:
                    self.envelope.mail_from = path.address
                    self.envelope.smtp_utf8 = "SMTPUTF8" in path.parameters
                await self.push(refusal or replies.SENDER_OK)

    async def _recipient(self, argument: str) -> None:
        if self.envelope is None or self.envelope.mail_from is None:
            await self.refuse(replies.SENDER_FIRST)
            return
        try:
            path = read_recipient(argument)
        except BadSyntax:
            await self.refuse(replies.BAD_ARGUMENTS)
        except BadAddress:
            await self.push(replies.BAD_ADDRESS)
        else:
            refusal = self._why_not_to(path, len(self.envelope.rcpt_tos))
            if refusal is None:
                self.envelope.rcpt_tos.append(path.address)
            await self.push(refusal or replies.RECIPIENT_OK)

    async def _data(self, argument: str) -> None:
        envelope = self.envelope
        if argument:
            await self.refuse(replies.BAD_ARGUMENTS)
        elif envelope is None or envelope.mail_from is None:
            await self.refuse(replies.SENDER_FIRST)
        elif not envelope.rcpt_tos:
            await self.refuse(replies.RECIPIENT_FIRST)
        else:
            self.in_mail = True
            try:
                await self.push(replies.SEND_MAIL)
                reply = await self._take_mail(envelope.mail_from, envelope.rcpt_tos)
                if self.is_open:
                    await self.push(self.reply_to_content(reply, len(envelope.rcpt_tos)))
            finally:
                self.in_mail = False
                self._set_post_data_state()

    def reply_to_content(self, reply: str, recipients: int) -> str:
        """What is said after the last byte. `recipients`: how many RCPT commands were accepted."""
        return reply

    async def _greet(self, name: str, *, extended: bool) -> None:
        helo = read_helo(name)
        if helo is None or self.session is None:
            await self.refuse(replies.BAD_ARGUMENTS)
            return
        self._set_rset_state()
        self.session.host_name = helo
        self.session.extended_smtp = extended
        await self.push("\r\n".join(self._extensions()) if extended else f"250 {self.hostname}")

    def _extensions(self) -> list[str]:
        offered = [
            self.hostname,
            f"SIZE {self.context.settings.size_bytes_max}",
            "PIPELINING",
            "8BITMIME",
            "SMTPUTF8",
        ]
        if self.tls_context is not None and not self.is_encrypted:
            offered.append("STARTTLS")
        if self.offers_sign_in:
            offered.append(f"AUTH {' '.join(MECHANISMS)}")
        return [*(f"250-{one}" for one in offered), "250 ENHANCEDSTATUSCODES"]

    def _why_not_from(self, path: Path) -> str | None:
        parameters = path.parameters
        size = parameters.get("SIZE", "0") or ""
        if not path.address.isascii() and "SMTPUTF8" not in parameters:
            return replies.NEEDS_SMTPUTF8
        if not parameters.keys() <= _KNOWN_PARAMETERS:
            return replies.UNKNOWN_PARAMETER
        body = parameters.get("BODY", "7BIT") or ""
        # What must have a value came without one, or the other way round.
        if body.upper() not in _BODIES or parameters.get("SMTPUTF8") is not None or not _is_number(size):
            return replies.BAD_ARGUMENTS
        return replies.too_large(self._bytes_max) if int(size) > self._bytes_max else None

    def _why_not_to(self, path: Path, accepted: int) -> str | None:
        if path.parameters:
            return replies.UNKNOWN_PARAMETER
        if not path.address.isascii() and not (self.envelope and self.envelope.smtp_utf8):
            return replies.NEEDS_SMTPUTF8
        if path.domain and not self.context.settings.takes_mail_for(path.domain):
            return replies.NOT_OUR_DOMAIN
        return replies.TOO_MANY_RECIPIENTS if accepted >= self.context.settings.recipients_max else None

    @property
    def _bytes_max(self) -> int:
        return self.context.settings.size_bytes_max

    async def _take_mail(self, sender: str, recipients: list[str]) -> str:
        """The answer to a mail whose content the client was asked for."""
        mail = self.context.spool.new()
        try:
            refusal = await self._receive(mail)
            if refusal is None:
                refusal = await self._write(mail)
            if refusal is None:
                return await self._hand_over(mail.path, sender, recipients)
        finally:
            mail.discard()
        self.context.counts.not_accepted += 1
        return refusal

    async def _receive(self, mail: IncomingMail) -> str | None:
        """Read until the mail ends. What is said instead of taking it, None for one that is whole."""
        content = ContentReader()
        received = size = 0
        refusal: str | None = None
        began_s = self.context.clock.monotonic()
        while not content.has_ended:
            chunk = await self._reader.read(_ALL_THERE_IS)
            if not chunk:
                raise ConnectionResetError("The client has gone.")
            self._reset_timeout()
            received += len(chunk)
            part = content.feed(chunk)
            size += len(part)
            if refusal is None and size > self._bytes_max:
                refusal = replies.too_large(self._bytes_max)
                mail.discard()
            if refusal is None:
                refusal = await self._add(mail, part)
            if not content.has_ended and (last_words := self._why_no_longer(refusal, received, began_s)):
                self.hang_up(last_words)
                return last_words
        if content.rest and not self._reader.at_eof():
            # The stream was read empty, and nothing has come since: what follows the mail is next in turn.
            self._reader.feed_data(content.rest)
        return refusal

    def _why_no_longer(self, refusal: str | None, received: int, began_s: float) -> str | None:
        """What is said to a client that is not listened to until its mail ends."""
        if refusal is not None and received > 2 * self._bytes_max + MIB:
            return refusal
        took_s = self.context.clock.monotonic() - began_s
        return replies.TOO_SLOW if took_s > self.context.settings.timeout_s + received / BYTES_PER_S_MIN else None

    async def _add(self, mail: IncomingMail, part: bytes) -> str | None:
        try:
            await mail.add(part)
        except OSError as error:
            _log.error("A mail cannot be written", reason=error.strerror)
            mail.discard()
            return replies.DISK_FULL
        return None

    async def _write(self, mail: IncomingMail) -> str | None:
        try:
            await mail.finish()
        except OSError as error:
            _log.error("A mail cannot be written", reason=error.strerror)
            return replies.DISK_FULL
        return None

    async def _hand_over(self, file: FilePath, sender: str, recipients: list[str]) -> str:
        context = self.context
        envelope = Envelope(
            door=self.door,
            received_at_ms=context.clock.now_ms(),
            sender=sender,
            # A recipient named twice gets two answers and one mail.
            recipients=tuple(dict.fromkeys(recipients)),
            remote=self.remote or None,
            helo=self.session.host_name if self.session else None,
            signed_in_as=self.signed_in_as,
        )
        try:
            message_id = await context.accept(file, envelope)
        except Exception as error:
            # Whatever it was: the mail is not kept, and its client must hear that.
            context.counts.not_accepted += 1
            return replies.of_error(error, self._bytes_max)
        context.counts.accepted += 1
        self.restore_patience()
        _log.info("Mail accepted", door=self.door, message_id=message_id, recipients=len(envelope.recipients))
        return replies.queued(message_id)


class LmtpSession(SmtpSession):
    """LMTP (RFC 2033): an answer for each recipient, and a greeting of its own."""

    protocol_name = "LMTP"
    door = "lmtp"

    def __init__(self, context: DoorContext) -> None:
        super().__init__(context)
        del self.commands["HELO"]
        self.commands["LHLO"] = self.commands.pop("EHLO")

    def reply_to_content(self, reply: str, recipients: int) -> str:
        return "\r\n".join([reply] * recipients)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _SIZE_DIGITS_MAX
