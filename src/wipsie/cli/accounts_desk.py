"""From a command to the desk of accounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from wipsie.app.accounts_desk import AccountsDesk

Result = TypeVar("Result")


def at_accounts_desk(use: Callable[[AccountsDesk], Awaitable[Result]]) -> Result:
    """Run `use` at the desk of this data folder."""
    from wipsie.app.accounts_desk import opened_accounts_desk
    from wipsie.cli.running import command_settings, run
    from wipsie.kernel.clock import SystemClock

    settings = command_settings()

    async def work() -> Result:
        async with opened_accounts_desk(settings, SystemClock()) as desk:
            return await use(desk)

    return run(work())
