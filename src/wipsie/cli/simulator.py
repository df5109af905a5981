"""`simulator`: outside services on this machine, to try things out against."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

simulator_app = typer.Typer(
    help="Simulators of outside services, on this machine.", no_args_is_help=True, rich_markup_mode=None
)


@simulator_app.callback()
def _group() -> None:
    """Keeps the name of the service in the command, though there is only one."""


@simulator_app.command("whatsapp")
def whatsapp(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port on 127.0.0.1 (8025); 0: a free one.")] = None,
    webhook_url: Annotated[
        str | None, typer.Option(help="Where webhooks are brought (http://127.0.0.1:8000/webhook/whatsapp).")
    ] = None,
    number: Annotated[str | None, typer.Option(help="Phone number of the business, digits.")] = None,
    phone_number_id: Annotated[str | None, typer.Option(help="Its id.")] = None,
    app_secret: Annotated[str | None, typer.Option(help="Signs webhooks (SIMULATOR_APP_SECRET).")] = None,
    verify_token: Annotated[
        str | None, typer.Option(help="Shown when the webhook is verified (SIMULATOR_VERIFY_TOKEN).")
    ] = None,
    access_token: Annotated[str | None, typer.Option(help="Opens the Graph API (SIMULATOR_ACCESS_TOKEN).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say where it is as one line of JSON.")] = False,
) -> None:
    """Run a WhatsApp Cloud API with phones to write from, until Ctrl-C.

    Open the address it prints: write, drop a PDF on a phone, tap buttons, move the clock, and make things go wrong. It keeps
    nothing. The settings it prints point a Wipsie at it.

    \b
    Examples:
      wipsie simulator whatsapp
      wipsie simulator whatsapp --port 9025 --webhook-url http://127.0.0.1:8010/webhook/whatsapp
    """
    given = {
        "--port": port,
        "--webhook-url": webhook_url,
        "--number": number,
        "--phone-number-id": phone_number_id,
        "--app-secret": app_secret,
        "--verify-token": verify_token,
        "--access-token": access_token,
    }
    options = [f"{name}={value}" for name, value in given.items() if value is not None]
    command = [sys.executable, "-m", "wipsie.testing.simulators.whatsapp", *options]
    # Its standard input is the line to this process: it ends when that closes, however this process ends.
    with subprocess.Popen([*command, *(["--json-ready"] if as_json else [])], stdin=subprocess.PIPE) as simulator:
        try:
            code = simulator.wait()
        except KeyboardInterrupt:
            # The terminal told the simulator too.
            code = 0
    raise typer.Exit(code)
