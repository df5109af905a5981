"""The link with which the first admin is made: told to whoever starts Wipsie, on standard output and not in the log."""

from __future__ import annotations

import contextlib
import sys

from wipsie.app.parts import Parts
from wipsie.auth.principal import Principal
from wipsie.kernel.errors import WipsieError
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
    if made is None:
        return
    # Nobody may be listening there any more.
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(f"There is no admin yet; make the first account within 24 hours: {made.url}\n")
        sys.stdout.flush()
