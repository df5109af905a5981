"""`wipsie keys …`: API keys, for whoever may use the data folder."""

from __future__ import annotations

from typing import Annotated

import typer

from wipsie.cli.accounts_desk import at_accounts_desk
from wipsie.cli.output import AsJson, print_json, print_table, say
from wipsie.kernel.errors import InvalidInput

keys_app = typer.Typer(
    help="Keys: for scripts and clients of Amazon SQS that act for somebody, within limits.",
    no_args_is_help=True,
    rich_markup_mode=None,
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
        ["key", "name", "of", "may", "access key", "expires", "last used"],
        [
            (
                one.id,
                one.name,
                one.user,
                ", ".join(one.scopes) if one.allow is None else " ".join(one.allow),
                one.access_key_id,
                _minute(one.expires_at),
                _minute(one.last_used_at),
            )
            for one in found
        ],
    )


@keys_app.command("create")
def create_key(
    user: Annotated[str, typer.Argument(help="Whom it acts for (e-mail address or id).", show_default=False)],
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[str] | None, typer.Option(help="A permission its owner has; may be repeated.")] = None,
    sqs: Annotated[
        bool, typer.Option("--sqs", help="For clients of Amazon SQS: an access key id and a secret, with --allow.")
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            help="With --sqs: actions:queue. Actions are send, receive, delete, read, manage, * or names such as "
            "SendMessage, with commas; * stands for anything in the queue's stored name. May be repeated."
        ),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="How long it lives; for ever without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print its secret, this once.

    \b
    Examples:
      wipsie keys create ann@example.org --name dashboard --scope queues:read --days 90
      wipsie keys create ada@example.org --name backup --scope audit:read --scope people:export
      wipsie keys create ada@example.org --name shop --sqs --allow 'send:orders*' --allow 'receive,delete:invoices'
      wipsie keys create ada@example.org --name celery --sqs --allow '*:*'
    """
    if sqs != bool(allow) or sqs == bool(scope):
        raise InvalidInput("A key takes --scope, or --sqs with --allow; one of the two.", details={"field": "allow"})
    made = at_accounts_desk(
        lambda desk: desk.create_key(user, name=name, scopes=scope or (), allow=allow or (), lifetime_days=days)
    )
    if as_json:
        print_json(made)
        return
    if made.access_key_id is not None:
        # As the files and environments of Amazon's clients have them.
        say(f"AWS_ACCESS_KEY_ID={made.access_key_id}")
        say(f"AWS_SECRET_ACCESS_KEY={made.secret}")
        say(f"{made.id}, {made.name}: {' '.join(made.allow or ())}. The secret is shown this once.", style="dim")
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
