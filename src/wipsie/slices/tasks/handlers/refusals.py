"""Errors of rules and stores, as the worker understands them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from wipsie.kernel.errors import InvalidInput, NotFound
from wipsie.workers.handler import Reject


@contextmanager
def final_refusals() -> Generator[None]:
    """Input that is wrong stays wrong: `InvalidInput` and `NotFound` dead-letter the message at once, with their code."""
    try:
        yield
    except (InvalidInput, NotFound) as error:
        raise Reject(error.message, code=error.code) from error
