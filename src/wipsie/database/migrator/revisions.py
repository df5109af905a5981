"""The revisions this code knows, read from their files without running them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from wipsie.kernel.errors import ConfigurationError, InvalidInput

MIGRATIONS = Path(__file__).parents[1] / "migrations"
BASE = "0000"
"""Before the first revision: nothing is there."""
_REVISION_FILE = re.compile(r"(\d{4})_\w+\.py")


def revision_files() -> dict[str, Path]:
    """The file of each revision this code knows, oldest first."""
    found = {
        match[1]: path for path in (MIGRATIONS / "versions").iterdir() if (match := _REVISION_FILE.fullmatch(path.name))
    }
    return dict(sorted(found.items()))


def revisions() -> list[str]:
    """All revisions this code knows, oldest first, read from the file names alone."""
    return list(revision_files())


def title(revision: str) -> str:
    """What a known revision brings: the line its file opens with."""
    source = revision_files()[revision].read_text("utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n\n")[0].replace("\n", " ")


def to_apply(at: str | None, to: str | None) -> list[str]:
    """What a database at a revision lacks, all of it or up to `to`, oldest first. InvalidInput for a `to` that is unknown."""
    _check_target(to)
    return [one for one in revisions() if (at is None or one > at) and (to is None or one <= to)]


def to_undo(at: str | None, to: str) -> list[str]:
    """What is to be undone to bring a database from a revision down to `to`, newest first. InvalidInput for a `to` that is
    unknown or newer, ConfigurationError for a database that is newer than this code."""
    _check_target(to)
    known = revisions()
    if at is not None and at not in known:
        raise ConfigurationError(
            f"The database is at revision {at} and this version of Wipsie knows {known[-1]} as the last one: only the newer "
            "version that brought it there can take it back.",
            details={"setting": "DATABASE_URL", "revision": at, "newest_known": known[-1]},
        )
    at = at or BASE
    if to > at:
        raise InvalidInput(
            f"The database is at revision {at}, and {to} is newer: that is up, not down; run: wipsie migrate --to {to}",
            details={"field": "to", "revision": at},
        )
    return [one for one in reversed(known) if to < one <= at]


def _check_target(revision: str | None) -> None:
    known = revisions()
    if revision is not None and revision not in (BASE, *known):
        raise InvalidInput(
            f"There is no revision '{revision}'; this version of Wipsie knows {known[0]} to {known[-1]}, and {BASE} for an "
            "empty database.",
            details={"field": "to", "accepted": [BASE, *known]},
        )
