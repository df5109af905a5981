"""Checks of the ways mail comes in by SMTP and LMTP: who may use them, their ports, their certificate."""

from __future__ import annotations

import asyncio
import re

from wipsie.api.middleware.host_rule import is_loopback
from wipsie.app.doctor.finding import FAIL, OK, WARN, Finding
from wipsie.app.doctor.mail_certificate import check_certificate
from wipsie.app.instances import Instance, running_instances
from wipsie.app.listening import open_listener
from wipsie.app.settings import Settings
from wipsie.kernel.errors import ConfigurationError

_CHECK = "mail in"
_CONNECT_S_MAX = 1.0
_GREETING_S_MAX = 2.0
_OUR_GREETING = re.compile(r"220 \S+ (?:ESMTP|LMTP) Wipsie|421 4\.3\.2 ")
"""The second while it has no room for another connection, or stops; others may say that too."""


async def check_mail_doors(settings: Settings) -> list[Finding]:
    """Settings that work together; ports that are free for us, or ours already; a certificate that clients will take."""
    chosen = settings.mail
    if "api" not in settings.instance.roles:
        return [Finding(_CHECK, OK, "SMTP and LMTP are not needed: WIPSIE_ROLES leaves the API out")]
    if "mail" not in settings.instance.slices:
        return [Finding(_CHECK, OK, "SMTP and LMTP are not needed: WIPSIE_SLICES leaves mail out")]
    certificate = await asyncio.to_thread(check_certificate, chosen.tls_certificate, chosen.tls_key)
    if chosen.smtp_port is None and chosen.lmtp_port is None:
        detail = "none by SMTP or LMTP: MAIL_SMTP_PORT and MAIL_LMTP_PORT are empty"
        return [Finding(_CHECK, OK, detail), *certificate]
    return [*await _check_ports(settings), *(certificate or [_without_certificate(settings)])]


async def _check_ports(settings: Settings) -> list[Finding]:
    from wipsie.app.parts.mail import mail_door_settings

    chosen = settings.mail
    findings: list[Finding] = []
    try:
        mail_door_settings(settings)
    except ConfigurationError as error:
        findings.append(Finding(_CHECK, FAIL, error.message))
    running = next((one for one in running_instances(settings.data_dir) if "api" in one.roles), None)
    for name, port, setting in (
        ("smtp", chosen.smtp_port, "MAIL_SMTP_PORT"),
        ("lmtp", chosen.lmtp_port, "MAIL_LMTP_PORT"),
    ):
        if port is not None:
            findings.append(await _check_port(name, chosen.door_host, port, setting, running))
    if chosen.smtp_port and chosen.smtp_port == chosen.lmtp_port:
        detail = f"MAIL_SMTP_PORT and MAIL_LMTP_PORT are both {chosen.lmtp_port}"
        findings.append(Finding(_CHECK, FAIL, detail, "Give each a port of its own."))
    return findings


async def _check_port(name: str, host: str, port: int, setting: str, running: Instance | None) -> Finding:
    if port == 0:
        return Finding(name, OK, f"takes any free port of {host}")
    greeting = await _greeting(host, port)
    if greeting is not None:
        return _held(name, host, port, setting, greeting, running)
    try:
        open_listener(host, port, setting, "MAIL_HOST").close()
    except ConfigurationError as error:
        return Finding(name, FAIL, error.message)
    if running is not None:
        detail = f"Wipsie runs (process {running.pid}) and does not listen on {port} of {host}"
        return Finding(name, WARN, detail, f"{setting} was set after its start: stop it and start it again.")
    return Finding(name, OK, f"{port} on {host} is free")


def _held(name: str, host: str, port: int, setting: str, greeting: str, running: Instance | None) -> Finding:
    if not _OUR_GREETING.match(greeting):
        advice = f"Stop the other program, or choose another port with {setting}."
        return Finding(name, FAIL, f"{port} on {host} is taken by another program", advice)
    if running is None:
        advice = f"Stop that one, or choose another port with {setting}."
        return Finding(name, FAIL, f"{port} on {host} is taken by a Wipsie with another data folder", advice)
    return Finding(name, OK, f"Wipsie {running.version} takes mail on {port} of {host} (process {running.pid})")


async def _greeting(host: str, port: int) -> str | None:
    """What is said first by whoever listens there; empty when nothing is. None when nobody listens."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        async with asyncio.timeout(_CONNECT_S_MAX):
            reader, writer = await asyncio.open_connection(reachable, port)
    except (OSError, TimeoutError):
        return None
    try:
        async with asyncio.timeout(_GREETING_S_MAX):
            return (await reader.readline()).decode("ascii", "replace")
    except (OSError, TimeoutError, ValueError):
        # A web server waits for us to speak; what is longer than a line is no greeting.
        return ""
    finally:
        writer.close()


def _without_certificate(settings: Settings) -> Finding:
    detail = "not offered: MAIL_TLS_CERTIFICATE and MAIL_TLS_KEY are empty"
    if is_loopback(settings.mail.door_host):
        return Finding("starttls", OK, detail)
    advice = "Set both, or leave it at that where nobody can listen."
    return Finding("starttls", WARN, f"{detail}; mail travels to {settings.mail.door_host} as plain text", advice)
