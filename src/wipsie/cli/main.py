"""The `wipsie` command: what there is, and how errors end it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import wipsie
from wipsie.cli.audit import audit_app
from wipsie.cli.bench import bench
from wipsie.cli.decisions import decisions_app
from wipsie.cli.demo.command import demo
from wipsie.cli.doctor import doctor
from wipsie.cli.keys import keys_app
from wipsie.cli.mail import mail_app
from wipsie.cli.migrate import migrate
from wipsie.cli.output import AsJson, print_error, print_json
from wipsie.cli.people import users_app
from wipsie.cli.privacy import privacy_app
from wipsie.cli.queue import queue_app
from wipsie.cli.roles import api, scheduler, up, worker
from wipsie.cli.schedule import schedule_app
from wipsie.cli.search import search_app
from wipsie.cli.settings import openapi, settings
from wipsie.cli.simulator import simulator_app
from wipsie.cli.summary import summary_app
from wipsie.cli.vault import vault_app
from wipsie.cli.workers import workers
from wipsie.kernel.errors import WipsieError

HELP = """Wipsie: durable queues and workers, on one machine, with one command.

\b
Start here:
  wipsie up             start everything on http://127.0.0.1:8000
  wipsie demo           send real work through every queue and see what became of it
  wipsie queue stats    what waits, runs and failed
  wipsie doctor         what is wrong, and what to do about it

Settings come from the environment and from the file .env (see .env.example); every command has --help.
"""

# Plain help: the pretty one costs a third of a second.
app = typer.Typer(
    name="wipsie",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"wipsie {wipsie.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


@app.command("version")
def show_version(as_json: AsJson = False) -> None:
    """Print the version."""
    if as_json:
        print_json({"name": "wipsie", "version": wipsie.__version__, "python": sys.version.split()[0]})
    else:
        typer.echo(f"wipsie {wipsie.__version__}")


for command in (up, api, worker, scheduler, migrate, demo, doctor):
    app.command()(command)
app.add_typer(queue_app, name="queue")
app.add_typer(mail_app, name="mail")
app.add_typer(vault_app, name="vault")
app.add_typer(schedule_app, name="schedule")
app.add_typer(users_app, name="users")
app.add_typer(keys_app, name="keys")
app.add_typer(audit_app, name="audit")
app.add_typer(decisions_app, name="decisions")
app.add_typer(privacy_app, name="privacy")
app.add_typer(search_app, name="search")
app.add_typer(summary_app, name="summary")
app.add_typer(simulator_app, name="simulator")
app.command()(workers)
for command in (bench, settings, openapi):
    app.command()(command)


def main() -> None:
    """Entry point. Exit code 0: done. 1: a WipsieError, told in one sentence. 2: wrong usage. 130: interrupted."""
    try:
        app()
    except WipsieError as error:
        print_error(error, as_json="--json" in sys.argv[1:])
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
