"""Plain text whose lines are to be joined again: ``format=flowed`` (RFC 3676)."""

from __future__ import annotations

_SIGNATURE = "-- "


def unflowed(text: str, *, delete_space: bool) -> str:
    """Paragraphs as one line each, quoted ones with their marks in front. `text` has LF as line ends. `delete_space`: the
    space that says "goes on" is no part of the text, as in languages without spaces."""
    lines: list[str] = []
    paragraph: list[str] = []
    depth = 0

    def end() -> None:
        if paragraph:
            lines.append(f"{'>' * depth}{' ' if depth else ''}{''.join(paragraph)}")
            paragraph.clear()

    for line in text.split("\n"):
        bare = line.lstrip(">")
        quoted = len(line) - len(bare)
        # A space in front protects what would look like a quotation mark or a separator.
        bare = bare.removeprefix(" ")
        if quoted != depth or bare == _SIGNATURE:
            end()
        depth = quoted
        goes_on = bare.endswith(" ") and bare != _SIGNATURE
        paragraph.append(bare[:-1] if goes_on and delete_space else bare)
        if not goes_on:
            end()
    end()
    return "\n".join(lines)
