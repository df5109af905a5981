"""`wipsie mail …`: the token of the intake, and everything about the archive; one file per kind of command."""

from __future__ import annotations

import typer

from wipsie.cli.mail.erase import erase
from wipsie.cli.mail.export import export
from wipsie.cli.mail.importing import import_mailboxes
from wipsie.cli.mail.reindex import reindex
from wipsie.cli.mail.token import token
from wipsie.cli.mail.verify import verify

mail_app = typer.Typer(help="Mail: its token and its archive.", no_args_is_help=True, rich_markup_mode=None)
for command in (token, verify, reindex, export, erase):
    mail_app.command()(command)
mail_app.command("import")(import_mailboxes)

__all__ = ["mail_app"]
