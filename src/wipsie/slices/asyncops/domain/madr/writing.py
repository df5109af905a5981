"""A record as MADR 4."""

from __future__ import annotations

from wipsie.slices.asyncops.domain.madr import front_matter, lines
from wipsie.slices.asyncops.domain.madr.document import Alternative, Document


def write_markdown(document: Document) -> str:
    """The whole text, with a line break at its end. Sections with nothing in them are left out."""
    head = front_matter.write(
        {
            "status": _status(document),
            "date": document.decided_on,
            "decision-makers": document.decision_makers,
            "consulted": document.consulted,
            "informed": document.informed,
            "revisit-on": document.revisit_on,
        }
    )
    options = document.options
    told = [option for option in options if option.description or option.pros or option.neutral or option.cons]
    sections = [
        f"# {document.title}",
        _section("## Context and Problem Statement", lines.SECTION.escape(document.context)),
        _section("## Decision Drivers", _points(document.drivers)),
        _section("## Considered Options", _points([option.title for option in options])),
        # What belongs to the outcome must stand below its heading, even where it has no text of its own.
        _section(
            "## Decision Outcome", _outcome(document), wanted=bool(document.consequences or document.confirmation)
        ),
        _section("### Consequences", _points(document.consequences)),
        _section("### Confirmation", lines.CONFIRMATION.escape(document.confirmation)),
        "## Pros and Cons of the Options" if told else "",
        *(_option(option) for option in told),
        _section("## More Information", lines.SECTION.escape(document.notes)),
    ]
    return f"{head}\n\n" + "\n\n".join(section for section in sections if section) + "\n"


def _status(document: Document) -> str:
    if document.status == "superseded" and document.superseded_by:
        return f"superseded by {document.superseded_by}"
    return document.status


def _section(heading: str, text: str, *, wanted: bool = False) -> str:
    text = lines.trimmed(text)
    if text:
        return f"{heading}\n\n{text}"
    return heading if wanted else ""


def _points(texts: list[str]) -> str:
    return "\n".join(f"* {text}" for text in texts)


def _outcome(document: Document) -> str:
    """The form MADR has, where the reasons go on its sentence, and else below it."""
    outcome = lines.trimmed(lines.OUTCOME.escape(document.outcome))
    if document.chosen is None:
        return outcome
    chosen = f'Chosen option: "{document.options[document.chosen].title}"'
    if outcome[:1].islower():
        return f"{chosen}, because {outcome}"
    return f"{chosen}\n\n{outcome}" if outcome else chosen


def _option(option: Alternative) -> str:
    bullets = [
        *(f"* Good, because {text}" for text in option.pros),
        *(f"* Neutral, because {text}" for text in option.neutral),
        *(f"* Bad, because {text}" for text in option.cons),
    ]
    parts = [lines.trimmed(lines.OPTION.escape(option.description)), "\n".join(bullets)]
    return "\n\n".join([f"### {option.title}", *(part for part in parts if part)])
