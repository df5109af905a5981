"""The simulator of WhatsApp beside `wipsie up`, so that the vault can be tried at once: a process of its own, which ends with this one.

Only where nothing real is named: on loopback, without a token for WhatsApp, and without secrets of Meta's. It speaks what WhatsApp speaks,
over HTTP, signatures and all.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import os
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from wipsie.app.kept_secret import kept_secret
from wipsie.app.listening import Listener
from wipsie.app.settings import Settings
from wipsie.app.settings.vault import META
from wipsie.slices.vault.routes.webhook import PATH
from wipsie.telemetry.logging import get_logger

MODULE: Final = "wipsie.testing.simulators.whatsapp"
SECRET_NAME: Final = "whatsapp-simulator"  # noqa: S105 - of a file
PHONE_NUMBER_ID: Final = "420000000000088"
STOP_S_MAX: Final = 5.0
_HOST: Final = "127.0.0.1"

_log = get_logger(__name__)


class SimulatedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Where the simulator will be, and what it shares with us."""

    port: int
    app_secret: str
    verify_token: str
    access_token: str

    @property
    def url(self) -> str:
        """Of the page with the phones, and of the Graph API."""
        return f"http://{_HOST}:{self.port}"

    def applied(self, settings: Settings) -> Settings:
        """The settings that point to it."""
        vault = dataclasses.replace(
            settings.vault,
            graph_url=self.url,
            phone_number_ids=(PHONE_NUMBER_ID,),
            access_token=self.access_token,
            app_secrets=(self.app_secret,),
            verify_tokens=(self.verify_token,),
        )
        return dataclasses.replace(settings, vault=vault)


def simulated_account(settings: Settings, roles: tuple[str, ...], listener: Listener | None) -> SimulatedAccount | None:
    """None where there is to be no simulator. ConfigurationError when the secret cannot be kept."""
    vault = settings.vault
    names_real_ones = vault.access_token or vault.app_secrets or vault.verify_tokens or vault.graph_url != META
    if (
        vault.simulator_port is None
        or names_real_ones
        or listener is None
        or not listener.is_loopback
        or settings.api.public_url
        or "vault" not in settings.instance.slices
        or not {"api", "worker"} <= set(roles)
    ):
        return None
    # The same at every start: what it could not deliver is still signed as it was.
    secret = kept_secret(settings.data_dir, SECRET_NAME)
    return SimulatedAccount(
        port=_free_port(vault.simulator_port),
        app_secret=_derived(secret, "app"),
        verify_token=_derived(secret, "verify"),
        access_token=_derived(secret, "access"),
    )


@asynccontextmanager
async def running_simulator(account: SimulatedAccount, api_url: str) -> AsyncGenerator[None]:
    """Run it for as long as the block lasts. Should it not start, everything else works all the same."""
    process = await _start(account, api_url)
    try:
        yield
    finally:
        if process is not None:
            await _stop(process)


async def _start(account: SimulatedAccount, api_url: str) -> asyncio.subprocess.Process | None:
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            MODULE,
            f"--port={account.port}",
            f"--webhook-url={api_url}{PATH}",
            f"--phone-number-id={PHONE_NUMBER_ID}",
            "--json-ready",
            # Its line to us: it ends when that closes, however this process ends.
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            env={
                **os.environ,
                "SIMULATOR_APP_SECRET": account.app_secret,
                "SIMULATOR_VERIFY_TOKEN": account.verify_token,
                "SIMULATOR_ACCESS_TOKEN": account.access_token,
            },
            # A Ctrl-C of the terminal is for us, who stop it in good order.
            start_new_session=True,
        )
    except OSError as error:
        _log.warning("whatsapp_simulator_not_started", reason=error.strerror or type(error).__name__)
        return None


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_S_MAX):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((_HOST, port))
                return probe.getsockname()[1]
    return wanted


def _derived(secret: bytes, purpose: str) -> str:
    return hashlib.sha256(secret + purpose.encode()).hexdigest()
