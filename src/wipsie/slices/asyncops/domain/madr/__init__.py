"""Decision records as Markdown: read in the forms teams keep them in, written as MADR 4 (adr.github.io/madr).

What is written and read again is written the same: texts that would look like the structure around them are escaped with a
backslash, which Markdown does not show, and which reading takes away.
"""

from __future__ import annotations

from wipsie.slices.asyncops.domain.madr.document import MARKDOWN_CHARACTERS_MAX, Alternative, Document
from wipsie.slices.asyncops.domain.madr.reading import read_markdown
from wipsie.slices.asyncops.domain.madr.writing import write_markdown

__all__ = ["MARKDOWN_CHARACTERS_MAX", "Alternative", "Document", "read_markdown", "write_markdown"]
