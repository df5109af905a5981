"""What looking at a file comes to."""

from __future__ import annotations

from wipsie.slices.vault.domain.conversation import Suggestions
from wipsie.slices.vault.domain.conversation.details import DateGuess, NameGuess, TypeGuess
from wipsie.slices.vault.domain.reading import Suggestions as Suggested


class Later(Exception):
    """It cannot be had, or looked at, now; the reason is ours or Meta's, not the file's."""

    def __init__(self, reason: str, *, after_s: float) -> None:
        """`reason`: stable, for staff."""
        super().__init__(reason)
        self.reason = reason
        self.after_s = after_s


class Hopeless(Exception):
    """The file will not be kept."""

    def __init__(self, reason: str, *, scan: str | None = None) -> None:
        """`reason`: stable, see `domain.conversation.outcomes.Refused`."""
        super().__init__(reason)
        self.reason = reason
        self.scan = scan


def suggestions_of(found: Suggested) -> Suggestions:
    """As the conversation takes them. An ambiguous date is never sure."""
    sure_date, sure_hospital, sure_type = found.sure_date, found.sure_hospital, found.sure_type
    return Suggestions(
        dates=tuple(DateGuess(one.date, is_sure=one is sure_date and not one.is_ambiguous) for one in found.dates),
        hospitals=tuple(NameGuess(one.name, is_sure=one is sure_hospital) for one in found.hospitals),
        types=tuple(TypeGuess(one.type, is_sure=one is sure_type) for one in found.types),
    )
