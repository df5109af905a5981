"""Text templates of notifications: files with a subject line, a blank line and a text with ``$name`` places."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Any

from wipsie.kernel import json
from wipsie.kernel.errors import InvalidInput

_PACKAGE = "wipsie.slices.tasks"
_SUBJECT = "Subject: "


def known_templates() -> list[str]:
    """Ids of the templates that exist."""
    return sorted(
        entry.name.removesuffix(".txt")
        for entry in files(_PACKAGE).joinpath("templates").iterdir()
        if entry.name.endswith(".txt")
    )


def render(template_id: str, values: Mapping[str, Any], subject: str | None = None) -> tuple[str, str]:
    """(subject, text) of a template; `subject` replaces its own. InvalidInput for an unknown id, listing the known ones,
    and for places without a value, listing them."""
    known = known_templates()
    # Compared with the list first: an id is never joined to a path before it is known to be one of them.
    if template_id not in known:
        raise InvalidInput(
            f"There is no template '{template_id}'; known are {', '.join(known)}.",
            details={"field": "template_id", "known": known},
        )
    source = files(_PACKAGE).joinpath("templates", f"{template_id}.txt").read_text("utf-8")
    head, _, text = source.partition("\n\n")
    own_subject, body = Template(head.removeprefix(_SUBJECT)), Template(text)
    wanted = {*own_subject.get_identifiers(), *body.get_identifiers()}
    missing = sorted(wanted - set(values))
    if missing:
        raise InvalidInput(
            f"Template '{template_id}' needs {', '.join(missing)} in metadata.",
            details={"field": "metadata", "missing": missing, "needed": sorted(wanted)},
        )
    texts = {name: _text(values[name]) for name in wanted}
    return subject or own_subject.substitute(texts).strip(), body.substitute(texts)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(f"- {_text(entry)}" for entry in value)  # pyright: ignore[reportUnknownVariableType]
    return json.encode_text(value)
