"""`wipsie mail erase`."""

from __future__ import annotations

from typing import Annotated

import typer

from wipsie.cli.output import AsJson, DryRun, Yes, confirm, print_json, say


def erase(
    address: Annotated[
        str,
        typer.Argument(
            help="Whose mails, for example ann@example.org; @example.org takes all addresses there and below.",
            show_default=False,
        ),
    ],
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase the mails from and to an address for good: with their originals, and with attachments no other mail has.

    All of them leave the index first, their objects right after; while the object store is away the command says so and Wipsie,
    where it runs, removes them within an hour of its return. Mails that are held stay. Mails that only speak of somebody are found by searching for the name, and erased one by one.

    \b
    Examples:
      wipsie mail erase ann@example.org --dry-run
      wipsie mail erase ann@example.org --yes
    """
    from wipsie.app.mail_desk import opened_mail_desk
    from wipsie.cli.running import command_settings, run
    from wipsie.kernel.clock import SystemClock
    from wipsie.slices.mail.store.addresses import check_address

    address = check_address(address, "ADDRESS")
    if not dry_run:
        confirm(f"Erase all mails from and to {address} for ever?", yes=yes)
    settings = command_settings()

    async def work() -> tuple[int, int]:
        async with opened_mail_desk(settings, SystemClock()) as desk:
            return await desk.erase(address, dry_run=dry_run)

    erased, held = run(work())
    if as_json:
        print_json({"erased": 0 if dry_run else erased, "to_erase": erased if dry_run else 0, "held": held})
        return
    what = "would be erased" if dry_run else "erased"
    say(f"{erased} mails {what}, {held} held.")
