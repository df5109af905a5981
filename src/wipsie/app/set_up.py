"""First steps, told to whoever starts Wipsie, on standard output and not in the log: how an e-mail is sent to it, where
a report is sent from, and the link with which the first admin is made."""

from __future__ import annotations

import contextlib
import sys

from wipsie.app.mail_token import sample_call
from wipsie.app.parts import Parts
from wipsie.auth.principal import Principal
from wipsie.kernel.errors import WipsieError
from wipsie.slices.mail.store.reading import has_mails
from wipsie.telemetry.logging import get_logger

_STARTER = Principal(kind="system", id="start")

_log = get_logger(__name__)


async def offer_set_up(parts: Parts) -> None:
    """Print a fresh link while there is no admin; links printed before end. What fails is logged: everything but accounts works
    without it."""
    try:
        made = await parts.accounts.registration.set_up_link(_STARTER)
    except WipsieError as error:
        _log.warning("no_set_up_link", reason=error.message)
        return
    except Exception as error:
        _log.error("no_set_up_link", exc_info=error)
        return
    if made is not None:
        _say(f"There is no admin yet; make the first account within 24 hours: {made.url}")


async def offer_mail(parts: Parts, url: str) -> None:
    """Print how an e-mail is sent to the API at `url`, where the token is one of this machine and no mail came so far."""
    settings = parts.settings
    if "mail" not in settings.instance.slices or settings.mail.token_parameter:
        return
    try:
        async with parts.database.read() as connection:
            if await has_mails(connection):
                return
    except WipsieError as error:
        _log.warning("no_first_email", reason=error.message)
        return
    _say(f"Send it a first e-mail: {sample_call(settings, url)}")


def offer_vault(url: str) -> None:
    """Print where the phones of the simulator are."""
    _say(f"Send the vault a first report, from a phone of the WhatsApp simulator: {url}/")


def _say(line: str) -> None:
    # Nobody may be listening there any more.
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
