"""`wipsie users …`: accounts, their roles and passwords, for whoever may use the data folder."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from wipsie.cli.accounts_desk import at_accounts_desk
from wipsie.cli.output import AsJson, print_json, print_table, say
from wipsie.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from wipsie.api.accounts.schemas import LinkView, UserView

_PASSWORD_CHARACTERS_MAX = 1_000
Person = Annotated[str, typer.Argument(help="E-mail address or id of the person.", show_default=False)]

users_app = typer.Typer(
    help="Accounts: who may log in, and in which role.", no_args_is_help=True, rich_markup_mode=None
)


@users_app.command("list")
def list_users(
    role: Annotated[str | None, typer.Option(help="Only people in this role.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 1_000,
    as_json: AsJson = False,
) -> None:
    """People by name.

    \b
    Examples:
      wipsie users list
      wipsie users list --role admin
    """
    found = at_accounts_desk(lambda desk: desk.list(role=role, limit=limit))
    if as_json:
        print_json(found)
        return
    print_table(
        ["name", "e-mail", "role", "state", "time zone", "id"],
        [(one.name, one.email, one.role, _state(one), one.timezone, one.id) for one in found],
    )


@users_app.command()
def create(
    email: Annotated[str, typer.Argument(help="E-mail address.", show_default=False)],
    name: Annotated[str, typer.Option(help="As colleagues will see it.")],
    role: Annotated[str, typer.Option(help="member, lead, admin or auditor.")] = "member",
    as_json: AsJson = False,
) -> None:
    """Make an account, and print the link with which its person sets the password. It is mailed too.

    \b
    Examples:
      wipsie users create ada@example.org --name Ada --role admin
      wipsie users create ann@example.org --name "Ann Lee"
    """
    made = at_accounts_desk(lambda desk: desk.create(email=email, name=name, role=role))
    if as_json:
        print_json(made)
        return
    say(f"Made {made.user.id}. Its password is set here:")
    _show_link(made.link, as_json=False)


@users_app.command()
def invite(
    email: Annotated[
        str | None, typer.Argument(help="E-mail address; without it, for whoever holds the link.", show_default=False)
    ] = None,
    role: Annotated[str, typer.Option(help="member, lead, admin or auditor.")] = "member",
    as_json: AsJson = False,
) -> None:
    """Print a link with which somebody makes their own account. With an address it is mailed too.

    \b
    Examples:
      wipsie users invite ann@example.org
      wipsie users invite --role lead
    """
    _show_link(at_accounts_desk(lambda desk: desk.invite(email=email, role=role)), as_json=as_json)


@users_app.command()
def set_role(
    person: Person,
    role: Annotated[str, typer.Argument(help="member, lead, admin or auditor.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Give somebody another role. The last active admin stays one.

    \b
    Example:
      wipsie users set-role ann@example.org lead
    """
    _show(at_accounts_desk(lambda desk: desk.change(person, role=role)), as_json=as_json)


@users_app.command()
def deactivate(person: Person, as_json: AsJson = False) -> None:
    """Log somebody out and let them in no more; their keys are worth nothing meanwhile.

    \b
    Example:
      wipsie users deactivate ann@example.org
    """
    _show(at_accounts_desk(lambda desk: desk.change(person, is_active=False)), as_json=as_json)


@users_app.command()
def activate(person: Person, as_json: AsJson = False) -> None:
    """Let somebody in again.

    \b
    Example:
      wipsie users activate ann@example.org
    """
    _show(at_accounts_desk(lambda desk: desk.change(person, is_active=True)), as_json=as_json)


@users_app.command()
def unlock(person: Person, as_json: AsJson = False) -> None:
    """Let somebody try to log in at once who failed too often.

    \b
    Example:
      wipsie users unlock ann@example.org
    """
    _show(at_accounts_desk(lambda desk: desk.unlock(person)), as_json=as_json)


@users_app.command()
def reset_link(person: Person, as_json: AsJson = False) -> None:
    """Print a link with which somebody sets a new password. It is mailed too; older ones end.

    \b
    Example:
      wipsie users reset-link ann@example.org
    """
    _show_link(at_accounts_desk(lambda desk: desk.reset_link(person)), as_json=as_json)


@users_app.command()
def set_password(person: Person, as_json: AsJson = False) -> None:
    """Set somebody's password, typed here or read as one line from standard input. They are logged out everywhere.

    \b
    Examples:
      wipsie users set-password ann@example.org
      wipsie users set-password ann@example.org < password.txt
    """
    password = _read_password()
    _show(at_accounts_desk(lambda desk: desk.set_password(person, password)), as_json=as_json)


def _read_password() -> str:
    """Never an argument: those stand in the list of processes and in the shell's history."""
    if sys.stdin.isatty():
        return typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    line = sys.stdin.readline(_PASSWORD_CHARACTERS_MAX).rstrip("\r\n")
    if not line:
        raise InvalidInput("Standard input holds no password.", details={"field": "password"})
    return line


def _show(user: UserView, *, as_json: bool) -> None:
    if as_json:
        print_json(user)
    else:
        say(f"{user.name} ({user.email}): {user.role}, {_state(user)}")


def _show_link(link: LinkView, *, as_json: bool) -> None:
    if as_json:
        print_json(link)
        return
    say(link.url)
    say(f"It works once, until {link.expires_at[:16].replace('T', ' ')} UTC.")


def _state(user: UserView) -> str:
    if not user.is_active:
        return "deactivated"
    return "active" if user.has_password else "no password yet"
