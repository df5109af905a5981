"""The shape of an operation: a call that waits for its transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

from wipsie.kernel.errors import WipsieError
from wipsie.queue.backends.sqlite.transaction import Transaction


class Operation:
    """One waiting call. `future` belongs to the event loop and gets the result after the commit."""

    __slots__ = ("future",)

    ORDER: ClassVar[int] = 0
    """Kinds run in this order within a transaction: space is freed before it is filled, and filled before it is claimed."""

    LEASES_ONLY: ClassVar[bool] = False
    """It changes leases, and nothing the next claim would not change again. They bind running processes; a power cut ends those
    and may end the leases too."""

    future: asyncio.Future[Any]

    @classmethod
    def run_all(cls, transaction: Transaction, operations: Sequence[Any]) -> list[Any]:
        """Run calls of this kind; one result each. A `WipsieError` as result is raised to that caller. A default for
        kinds that are rare: one after the other, each refusing before it changes anything."""
        results: list[Any] = []
        for operation in operations:
            try:
                results.append(operation.run(transaction))
            except WipsieError as error:
                results.append(error)
        return results

    def run(self, transaction: Transaction) -> Any:
        """Run this call alone."""
        raise NotImplementedError

    def abandoned(self, result: Any) -> Operation | None:
        """The caller was cancelled although the transaction was committed: what must be undone, if anything. `result` may
        be a refusal."""
        del result
        return None
