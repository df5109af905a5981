"""``python -m wipsie.testing.simulators.whatsapp``: what `wipsie simulator whatsapp` and `wipsie up` start."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from wipsie.testing.simulators.whatsapp.run import PORT, run
from wipsie.testing.simulators.whatsapp.settings import Account
from wipsie.testing.simulators.whatsapp.simulator import WhatsAppSimulator

WEBHOOK_URL = "http://127.0.0.1:8000/webhook/whatsapp"
_DEFAULT = Account()


def main(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = PORT,
    webhook_url: Annotated[str, typer.Option(help="Where webhooks are brought, on this machine.")] = WEBHOOK_URL,
    number: Annotated[str, typer.Option(help="Phone number of the business, digits.")] = _DEFAULT.display_number,
    phone_number_id: Annotated[str, typer.Option(help="Its id.")] = _DEFAULT.phone_number_id,
    app_secret: Annotated[
        str, typer.Option(envvar="SIMULATOR_APP_SECRET", show_default=False, help="Signs webhooks.")
    ] = _DEFAULT.app_secret,
    verify_token: Annotated[
        str, typer.Option(envvar="SIMULATOR_VERIFY_TOKEN", show_default=False, help="Shown at the verification.")
    ] = _DEFAULT.verify_token,
    access_token: Annotated[
        str, typer.Option(envvar="SIMULATOR_ACCESS_TOKEN", show_default=False, help="Opens the Graph side.")
    ] = _DEFAULT.access_token,
    json_ready: Annotated[bool, typer.Option("--json-ready", help="Say where it is as one line of JSON.")] = False,
) -> None:
    """Run the simulator until it is interrupted, or its standard input ends. Everything it holds is in memory and a temporary
    folder. Secrets are better given by the environment: everybody on the machine can read the options of a process."""
    account = Account(
        app_secret=app_secret,
        verify_token=verify_token,
        access_token=access_token,
        phone_number_id=phone_number_id,
        display_number=number,
        callback_url=webhook_url,
    )
    tell = _tell_as_json if json_ready else _tell_people
    try:
        run(port, account=account, ready=tell)
    except OSError as error:
        typer.echo(f"The simulator cannot listen on port {port}: {error.strerror or error}.", err=True)
        raise typer.Exit(1) from None
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _tell_as_json(simulator: WhatsAppSimulator) -> None:
    told = {
        "url": simulator.url,
        "graph_url": simulator.graph_url,
        "control_url": f"{simulator.url}/_simulator",
        "webhook_url": simulator.account.callback_url,
        "phone_number_id": simulator.account.phone_number_id,
        "number": simulator.account.display_number,
    }
    typer.echo(msgspec.json.encode(told).decode())


def _tell_people(simulator: WhatsAppSimulator) -> None:
    account = simulator.account
    secrets = [
        ("WHATSAPP_ACCESS_TOKEN", account.access_token, _DEFAULT.access_token),
        ("WHATSAPP_APP_SECRET", account.app_secret, _DEFAULT.app_secret),
        ("WHATSAPP_VERIFY_TOKEN", account.verify_token, _DEFAULT.verify_token),
    ]
    lines = [
        f"The phones are at {simulator.url}/, webhooks go to {account.callback_url}.",
        "These settings point a Wipsie at it:",
        "",
        f"WHATSAPP_GRAPH_URL={simulator.graph_url}",
        f"WHATSAPP_PHONE_NUMBER_ID={account.phone_number_id}",
        # What somebody chose as a secret is not printed.
        *(f"{name}={value}" if value == known else f"# {name} is the one you gave" for name, value, known in secrets),
    ]
    typer.echo("\n".join(lines))


if __name__ == "__main__":
    typer.run(main)
