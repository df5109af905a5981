"""What is held of a person, and the end of it. Each room and slice with tables of its own answers for those alone; `app` joins
their answers."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


class PersonalData(Protocol):
    """What one room or slice holds of people.

    Both verbs work in the caller's transaction, so that all rooms tell of one moment, and forget in one commit. What a person
    wrote as part of the team's work stays, under the id of somebody whose name is gone; what is about the person goes.
    """

    async def export(self, connection: AsyncConnection, user_id: str) -> dict[str, Any]:
        """Everything held of a person, by kind, as values JSON can hold: for them to read, so no secrets and no hashes. Empty
        when there is nothing. A read transaction is enough."""
        ...

    async def erase(self, connection: AsyncConnection, user_id: str, *, now_ms: int) -> dict[str, int]:
        """Remove it, or make it nobody's; how many rows of which tables. Conflict when that may not be done now. Done a second
        time it changes nothing."""
        ...
