"""`wipsie vault …`: is the vault what it should be, and who can open it?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from wipsie.cli.output import AsJson, Yes, confirm, note, print_json, print_table, progress, say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from wipsie.app.vault_desk import VaultDesk
    from wipsie.slices.vault.service.rotating import Rotated

Result = TypeVar("Result")
_SOMETHING_FOUND = 3
_KeyId = Annotated[str, typer.Argument(help="Its id, as `wipsie vault keys` shows it.", show_default=False)]

vault_app = typer.Typer(
    help="The report vault: proof that it is whole, and its keys.", no_args_is_help=True, rich_markup_mode=None
)


@vault_app.command()
def verify(
    quick: Annotated[
        bool, typer.Option("--quick", help="Look at keys and sizes of objects only; none is read from the store.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare reports, their objects, keys and words, the object store, and the audit log. Wipsie may run meanwhile; nothing is changed.

    Looked for are objects that are gone or changed, keys that are missing, values that do not open in their place, reports without
    their files, words that find the wrong report, erased bytes that are back, and events of the audit log that are not as they were
    written. Bytes that no report needs are told and are no damage: Wipsie removes them, where it runs.

    \b
    Exit code 0: all is well. 1: an error says what to do. 3: something was found.

    \b
    Examples:
      wipsie vault verify --quick
      wipsie vault verify --json > findings.json
    """
    from wipsie.slices.vault.service.verifying import KINDS

    with progress(hidden=as_json) as bars:
        bar = _Bars(bars)
        report = _at_desk(lambda desk: desk.verify(quick=quick, on_progress=bar.show))
    if as_json:
        import msgspec

        print_json({"well": report.is_well, "quick": quick, **msgspec.structs.asdict(report)})
    else:
        if report.findings:
            print_table(
                ["found", "where", "what of it"],
                [(one.kind.replace("_", " "), one.where, one.detail) for one in report.findings],
            )
            print_table(
                ["count", "of what"],
                [(report.found[kind], text) for kind, text in KINDS.items() if report.found[kind]],
                right=["count"],
            )
        looked = f"{report.reports} reports, {report.objects} objects, {report.values} values, {report.events} events"
        say(f"{'All is well' if report.is_well else 'Something is wrong'}: {looked}.")
    if not report.is_well:
        raise typer.Exit(_SOMETHING_FOUND)


@vault_app.command()
def rotate(
    new_key: Annotated[
        bool,
        typer.Option("--new-key", help="Make a key first, and use it once every process holds it: two minutes more."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Seal with the key in use what earlier keys sealed. Wipsie may run meanwhile; objects stay as they are, their keys are wrapped anew.

    It may be ended at any time, and begins where it was ended. Earlier keys stay until they are removed.

    \b
    Examples:
      wipsie vault rotate --new-key
      wipsie vault rotate
    """

    async def work(desk: VaultDesk, show: Callable[[str, int], None]) -> Rotated:
        if new_key:
            await desk.renew_key(note)
        return await desk.rotate(on_progress=show)

    with progress(hidden=as_json) as bars:
        bar = _Bars(bars)
        done = _at_desk(lambda desk: work(desk, bar.show))
    if as_json:
        print_json(done)
    else:
        counted = f"{done.objects} objects, {done.values} values, {done.people} people, {done.files} files"
        say(f"Everything is under key {done.active}: {counted}, words of {done.words} reports.")
    if done.broken:
        note(f"{done.broken} could not be opened and stay as they are; run `wipsie vault verify`.")
        raise typer.Exit(_SOMETHING_FOUND)


@vault_app.command("keys")
def list_keys(as_json: AsJson = False) -> None:
    """Which keys there are, and how much each has sealed. Keys themselves are never shown.

    \b
    Example:
      wipsie vault keys
    """
    keys = _at_desk(lambda desk: desk.list_keys())
    if as_json:
        print_json(keys)
        return
    print_table(
        ["key", "state", "seals"],
        [(one.id, "in use" if one.in_use else "held" if one.is_held else "missing", one.seals) for one in keys],
        right=["seals"],
    )


@vault_app.command("add-key")
def add_key(as_json: AsJson = False) -> None:
    """Make a key. It opens, and seals nothing before `wipsie vault use-key`; give it a minute, so that every process holds it.

    \b
    Example:
      wipsie vault add-key
    """
    made = _at_desk(lambda desk: desk.add_key())
    if as_json:
        print_json({"key": made})
    else:
        say(
            f"Key {made} is held. Copy the key file to where its copies are, and in a minute: wipsie vault use-key {made}"
        )


@vault_app.command("use-key")
def use_key(key: _KeyId, as_json: AsJson = False) -> None:
    """Seal what is new with this key from now on.

    \b
    Example:
      wipsie vault use-key 3f9a0c1d2b4e5f60
    """
    _at_desk(lambda desk: desk.use_key(key))
    if as_json:
        print_json({"key": key})
    else:
        say(f"Key {key} is in use. Seal with it what is there already, in a minute: wipsie vault rotate")


@vault_app.command("remove-key")
def remove_key(
    key: _KeyId,
    force: Annotated[bool, typer.Option("--force", help="Also within 30 days of its use.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Forget a key that nothing is sealed with any more. Backups from before the rotation open only with it: keep a copy as long as them.

    Links that were sent while it was in use open nothing afterwards, and PINs that were set then have to be set anew.

    \b
    Example:
      wipsie vault remove-key 3f9a0c1d2b4e5f60
    """
    confirm(f"Forget key {key} for ever?", yes=yes)
    _at_desk(lambda desk: desk.remove_key(key, force=force))
    if as_json:
        print_json({"removed": key})
    else:
        say(f"Key {key} is forgotten.")


class _Bars:
    """One bar for each kind of thing that is looked at."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def show(self, what: str, done: int) -> None:
        """So many were."""
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=None)
        self._bars.update(self._tasks[what], completed=done)


def _at_desk(work: Callable[[VaultDesk], Awaitable[Result]]) -> Result:
    from wipsie.app.vault_desk import opened_vault_desk
    from wipsie.cli.running import command_settings, run
    from wipsie.kernel.clock import SystemClock

    settings = command_settings()

    async def at_desk() -> Result:
        async with opened_vault_desk(settings, SystemClock()) as desk:
            return await work(desk)

    return run(at_desk())
