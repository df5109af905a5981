"""The `data` of a message as its task type wants it; a wrong one is told by field, with what would be accepted."""

from __future__ import annotations

import re
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from wipsie.api.json_body import invalid_field
from wipsie.kernel.errors import InvalidInput

Target = TypeVar("Target")
_NOT_IN_LIST = re.compile(r"invalid enum value", re.IGNORECASE)
_NOT_OF_PATTERN = re.compile(r"matching regex", re.IGNORECASE)


def convert(value: Any, kind: type[Target], root: str) -> Target:
    """`value` as `kind`. InvalidInput whose ``details.field`` starts with `root`, for example ``message.data.source_url``."""
    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError as error:
        found = invalid_field(error)
        field = str(found.details["field"])
        problem = str(found.details["problem"])
        if _NOT_IN_LIST.search(problem) and (accepted := _accepted(kind, field)):
            problem = f"{problem}; accepted are {', '.join(accepted)}"
        elif _NOT_OF_PATTERN.search(problem) and (described := _description(kind, field)):
            # A pattern is for machines; its description says the same to people.
            problem = f"is not {described}"
        where = root if field == "body" else f"{root}.{field}"
        joint = "" if problem.startswith("is ") else ":"
        raise InvalidInput(
            f"{where}{joint} {problem}.",
            details={"field": where, "problem": problem, "errors": [{"location": f"body.{where}", "message": problem}]},
        ) from None


def _description(kind: Any, field: str) -> str | None:
    """What a field of the Struct `kind` says about itself."""
    if not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
        return None
    annotation: Any = get_type_hints(kind, include_extras=True).get(field)
    notes = (note for note in getattr(annotation, "__metadata__", ()) if isinstance(note, msgspec.Meta))
    return next((note.description for note in notes if note.description), None)


def _accepted(kind: Any, field: str) -> tuple[str, ...]:
    """The values a field of the Struct `kind` may have, when it has a closed list of them."""
    if not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
        return ()
    annotation: Any = get_type_hints(kind).get(field)
    return get_args(annotation) if get_origin(annotation) is Literal else ()
