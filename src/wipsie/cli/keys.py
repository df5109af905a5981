"""`wipsie keys …`: API keys, for whoever may use the data folder."""

from __future__ import annotations

from typing import Annotated

import typer

from wipsie.cli.accounts_desk import at_accounts_desk
from wipsie.cli.output import AsJson, print_json, print_table, say

keys_app = typer.Typer(
    help="API keys: for scripts that act for somebody, within scopes.", no_args_is_help=True, rich_markup_mode=None
)


@keys_app.command("list")
def list_keys(
    user: Annotated[str | None, typer.Option(help="Only keys of this person (e-mail address or id).")] = None,
    as_json: AsJson = False,
) -> None:
    """Keys that were not revoked, the newest first.

    \b
    Examples:
      wipsie keys list
      wipsie keys list --user ann@example.org
    """
    found = at_accounts_desk(lambda desk: desk.list_keys(user))
    if as_json:
        print_json(found)
        return
    print_table(
        ["key", "name", "of", "scopes", "expires", "last used"],
        [
            (one.id, one.name, one.user, ", ".join(one.scopes), _minute(one.expires_at), _minute(one.last_used_at))
            for one in found
        ],
    )


@keys_app.command("create")
def create_key(
    user: Annotated[str, typer.Argument(help="Whom it acts for (e-mail address or id).", show_default=False)],
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help="A permission its owner has; may be repeated.")],
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="How long it lives; for ever without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print its secret, this once.

    \b
    Examples:
      wipsie keys create ann@example.org --name dashboard --scope queues:read --days 90
      wipsie keys create ada@example.org --name backup --scope audit:read --scope people:export
    """
    made = at_accounts_desk(lambda desk: desk.create_key(user, name=name, scopes=scope, lifetime_days=days))
    if as_json:
        print_json(made)
        return
    say(made.secret)
    say(f"{made.id}, {made.name}: {', '.join(made.scopes)}. The secret is shown this once.", style="dim")


@keys_app.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="Id of the key, for example key_0193….", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Take a key back. A running Wipsie lets it in for five seconds more at most.

    \b
    Example:
      wipsie keys revoke key_0193f0c2a4b870008a630047f77eeb44
    """
    revoked = at_accounts_desk(lambda desk: desk.revoke_key(key))
    if as_json:
        print_json(revoked)
    else:
        say(f"Revoked {revoked.id}, {revoked.name}.")


def _minute(moment: str | None) -> str | None:
    return None if moment is None else f"{moment[:16].replace('T', ' ')} UTC"
