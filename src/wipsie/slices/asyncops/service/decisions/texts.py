"""What people send of a decision, checked and as it is kept; and what decisions are found by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.kernel.errors import InvalidInput
from wipsie.slices.asyncops.domain.madr import Alternative
from wipsie.slices.asyncops.domain.madr.options import compared_title
from wipsie.slices.asyncops.findable import Findable
from wipsie.slices.asyncops.people import check_colleague
from wipsie.slices.asyncops.schemas.decisions import DecisionOption
from wipsie.slices.asyncops.schemas.texts import line, points, prose
from wipsie.slices.asyncops.store.decisions import Decision

_PROSE = ("context", "outcome", "confirmation", "notes")
_POINTS = ("drivers", "consequences")
PARTIES = ("decision_makers", "consulted", "informed")
_USER_ID = "usr_"


async def checked(
    connection: AsyncConnection, sent: Mapping[str, Any], before: Decision | None = None
) -> dict[str, Any]:
    """Fields of the record out of fields that were sent. InvalidInput names the first that is wrong."""
    values = dict(sent)
    if "title" in values:
        values["title"] = line(values["title"], "title")
    for name in _PROSE:
        if name in values:
            values[name] = prose(values[name], name)
    for name in _POINTS:
        if name in values:
            values[name] = points(values[name], name)
    for name in PARTIES:
        if name in values:
            values[name] = await _parties(connection, values[name], name, before)
    for name in ("decided_on", "revisit_on"):
        if isinstance(values.get(name), date):
            values[name] = values[name].isoformat()
    if "options" in values:
        values["options"] = _options(values["options"])
    if "options" in values or "chosen" in values:
        values["chosen"] = _chosen(values, before)
    return values


def _options(sent: Sequence[DecisionOption]) -> list[Alternative]:
    made: list[Alternative] = []
    seen: set[str] = set()
    for index, option in enumerate(sent):
        field = f"options[{index}]"
        title = line(option.title, f"{field}.title")
        compared = compared_title(title) or title
        if compared in seen:
            raise InvalidInput(
                f"Two options are called '{title}'; options have different titles.",
                details={"field": f"{field}.title", "problem": "is there twice"},
            )
        seen.add(compared)
        made.append(
            Alternative(
                title=title,
                description=prose(option.description, f"{field}.description"),
                pros=points(option.pros, f"{field}.pros"),
                neutral=points(option.neutral, f"{field}.neutral"),
                cons=points(option.cons, f"{field}.cons"),
            )
        )
    return made


def _chosen(values: Mapping[str, Any], before: Decision | None) -> int | None:
    """The place of the chosen option among those there are now. An option that was chosen stays so while it has its title."""
    options: list[Alternative] = values.get("options", [] if before is None else before.options)
    if "chosen" not in values:
        wanted: int | str | None = None
        if before is not None and before.chosen is not None:
            wanted = before.options[before.chosen].title
        return next((place for place, option in enumerate(options) if option.title == wanted), None)
    wanted = values["chosen"]
    if wanted is None:
        return None
    for place, option in enumerate(options):
        if wanted == place or (isinstance(wanted, str) and compared_title(option.title) == compared_title(wanted)):
            return place
    raise InvalidInput(
        f"chosen must be the title of one of the options, or its place from 0 to {len(options) - 1}."
        if options
        else "chosen names one of the options, and there are none.",
        details={"field": "chosen", "options": [option.title for option in options]},
    )


async def _parties(connection: AsyncConnection, sent: Sequence[str], field: str, before: Decision | None) -> list[str]:
    known: list[str] = [] if before is None else getattr(before, field)
    found = list(dict.fromkeys(line(one, f"{field}[{index}]") for index, one in enumerate(sent)))
    for one in found:
        # Whoever left since stays in what was written before.
        if one.startswith(_USER_ID) and one not in known:
            await check_colleague(connection, one, field)
    return found


def user_ids(parties: Sequence[str]) -> list[str]:
    """Those with an account."""
    return [one for one in parties if one.startswith(_USER_ID)]


def findable(decision: Decision) -> Findable:
    """What one is found by. Names of colleagues are no part of it: they change."""
    parts = [decision.context, *decision.drivers]
    for option in decision.options:
        parts += [option.title, option.description, *option.pros, *option.neutral, *option.cons]
    parts += [decision.outcome, *decision.consequences, decision.confirmation, decision.notes, decision.source or ""]
    return Findable(title=decision.title, body="\n".join(part for part in parts if part))


async def findables(connection: AsyncConnection, decisions: Sequence[Decision]) -> list[Findable]:
    """Several, in their order."""
    del connection
    return [findable(one) for one in decisions]
