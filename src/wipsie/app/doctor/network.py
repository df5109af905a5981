"""Checks of what is reached over the network: our port, the mail server."""

from __future__ import annotations

import asyncio

from wipsie.app.doctor.finding import FAIL, OK, WARN, Finding
from wipsie.app.instances import running_instances
from wipsie.app.listening import is_taken, open_listener
from wipsie.app.settings import Settings

_CONNECT_S_MAX = 5.0


async def check_port(settings: Settings) -> list[Finding]:
    """Free for us, or ours already; that of Amazon SQS too, where it has one of its own."""
    return [*await _check_api_port(settings), *await _check_sqs_port(settings)]


async def _check_api_port(settings: Settings) -> list[Finding]:
    api = settings.api
    for one in running_instances(settings.data_dir):
        if one.address is not None:
            return [Finding("port", OK, f"Wipsie {one.version} answers on {one.address} (process {one.pid})")]
    if "api" not in settings.instance.roles:
        return [Finding("port", OK, "not needed: WIPSIE_ROLES leaves the API out")]
    if api.port and await asyncio.to_thread(is_taken, api.host, api.port):
        advice = "Stop the other program, or choose another port with API_PORT."
        return [Finding("port", FAIL, f"{api.port} on {api.host} is taken by another program", advice)]
    listener = open_listener(api.host, api.port)
    listener.close()
    if not listener.is_loopback and not api.public_url.startswith("https:"):
        detail = f"{api.host}:{api.port} is free, and passwords sent there travel as plain text"
        advice = "Put a server that speaks https in front, and name it in PUBLIC_URL; see docs/how-to/accounts.md."
        return [Finding("port", WARN, detail, advice)]
    return [Finding("port", OK, f"{api.port} on {api.host} is free")]


async def _check_sqs_port(settings: Settings) -> list[Finding]:
    host, port = settings.api.host, settings.sqs_endpoint.port
    if port is None or "api" not in settings.instance.roles:
        return []
    advice = "Choose another port with SQS_ENDPOINT_PORT, or leave it empty: the port of the API serves Amazon SQS too."
    if port and port == settings.api.port:
        return [Finding("sqs port", FAIL, f"SQS_ENDPOINT_PORT is {port}, the port of the API", advice)]
    running = next((one for one in running_instances(settings.data_dir) if one.address is not None), None)
    is_answered = bool(port) and await asyncio.to_thread(is_taken, host, port)
    if running is not None and port:
        if is_answered:
            return [Finding("sqs port", OK, f"Amazon SQS is served on {port} of {host} (process {running.pid})")]
        detail = f"Wipsie runs (process {running.pid}) and does not listen on {port} of {host}"
        return [
            Finding("sqs port", WARN, detail, "SQS_ENDPOINT_PORT was set after its start: stop it and start it again.")
        ]
    if is_answered:
        return [Finding("sqs port", FAIL, f"{port} on {host} is taken by another program", advice)]
    open_listener(host, port, "SQS_ENDPOINT_PORT").close()
    return [Finding("sqs port", OK, f"{port} on {host} is free")]


async def check_mail(settings: Settings) -> list[Finding]:
    """The mail server answers, or the local mailbox is used."""
    from wipsie.slices.tasks.gateways.smtp import parse_smtp_url

    if not settings.tasks.smtp_url:
        return [Finding("mail", OK, f"goes into the folder {settings.data_dir / 'mailbox'}")]
    server = parse_smtp_url(settings.tasks.smtp_url)
    try:
        async with asyncio.timeout(_CONNECT_S_MAX):
            _, writer = await asyncio.open_connection(server.host, server.port)
    except (OSError, TimeoutError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "no answer"
        advice = "Check SMTP_URL and the way to the server; notifications are retried meanwhile."
        return [Finding("mail", FAIL, f"{server.host}:{server.port} cannot be reached: {reason}", advice)]
    writer.close()
    return [Finding("mail", OK, f"{server.host}:{server.port} answers")]
