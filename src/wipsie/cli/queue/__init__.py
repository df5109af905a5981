"""`wipsie queue …`: looking at queues, and changing what is in them; one file per kind of command.

The commands open the queue file itself, so they work beside a running Wipsie and without one.
"""

from __future__ import annotations

import typer

from wipsie.cli.queue.change import pause, purge, redrive, resume
from wipsie.cli.queue.look import list_queues, peek, stats
from wipsie.cli.queue.messages import delete, receive, send
from wipsie.cli.queue.migrate import migrate
from wipsie.cli.queue.process import process

queue_app = typer.Typer(
    help="Queues: look, send, receive, delete, redrive. Works whether Wipsie runs or not.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
queue_app.command("list")(list_queues)
for command in (stats, send, peek, receive, delete, process, redrive, purge, pause, resume, migrate):
    queue_app.command()(command)

__all__ = ["queue_app"]
