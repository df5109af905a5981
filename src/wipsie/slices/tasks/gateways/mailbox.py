"""A local mailbox folder in the Maildir format, for machines without a mail server; any mail reader opens it."""

from __future__ import annotations

import asyncio
import hashlib
import os
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from wipsie.slices.tasks.gateways.mail_errors import MailRefused, MailUnavailable

_FOLDERS = ("tmp", "new", "cur")


class MailboxFolder:
    """Delivers each Message-ID once: its file name is made from it, and a link to a name that exists fails."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """What circuit breakers and results call this folder."""
        return "mailbox"

    @property
    def path(self) -> Path:
        return self._path

    async def deliver(self, message: EmailMessage) -> str:
        """Write and sync; returns ``delivered`` or ``already delivered``. MailUnavailable when the disk will not."""
        try:
            return await asyncio.to_thread(self._deliver, message)
        except UnicodeEncodeError as error:
            raise MailRefused(f"The message cannot be written as mail: {error.reason}.") from None
        except OSError as error:
            raise MailUnavailable(f"The mailbox {self._path} cannot be written: {error.strerror}.") from None

    def _deliver(self, message: EmailMessage) -> str:
        for folder in _FOLDERS:
            (self._path / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        # Maildir names hold neither '/' nor ':', so the Message-ID itself cannot be the name.
        name = f"wipsie.{hashlib.sha256(str(message['Message-ID']).encode()).hexdigest()[:32]}"
        # A reader moves mail to cur/ and appends its flags after a colon.
        if (self._path / "new" / name).exists() or any((self._path / "cur").glob(f"{name}*")):
            return "already delivered"
        unfinished = self._path / "tmp" / f"{name}.{os.urandom(6).hex()}"
        try:
            with unfinished.open("wb") as file:
                file.write(message.as_bytes(policy=SMTP.clone(linesep="\n", utf8=True)))
                file.flush()
                os.fsync(file.fileno())
            (self._path / "new" / name).hardlink_to(unfinished)
        except FileExistsError:
            return "already delivered"
        finally:
            unfinished.unlink(missing_ok=True)
        folder = os.open(self._path / "new", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return "delivered"
