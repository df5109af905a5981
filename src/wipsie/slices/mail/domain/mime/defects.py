"""What is wrong with a mail, collected while it is read."""

from __future__ import annotations

from wipsie.slices.mail.domain.mime.parsed import DEFECT_CHARACTERS_MAX, DEFECTS_MAX
from wipsie.slices.mail.domain.mime.texts import one_line

_MORE = "There is more wrong with this mail."


class Defects:
    """Sentences, each once, in the order they were found. At most `DEFECTS_MAX`."""

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}
        self.is_truncated = False

    def note(self, sentence: str) -> None:
        """The mail breaks a rule."""
        if len(self._sentences) >= DEFECTS_MAX - 1:
            sentence = _MORE
        self._sentences[one_line(sentence, DEFECT_CHARACTERS_MAX)] = None

    def cut(self, sentence: str) -> None:
        """The mail goes beyond a bound, and something of it is left out."""
        self.is_truncated = True
        self.note(sentence)

    def sentences(self) -> tuple[str, ...]:
        return tuple(self._sentences)
