"""How calls fail that do not send messages.

GraphFailure
├── GraphRefused      the API answered with an error; `treatment` says what to do about it
├── GraphUnreachable  no connection, no answer in time, or it broke off: later
├── PlaceRefused      a file is to be fetched from where the token does not go: never
└── FileTooLarge      a file has more bytes than are taken: never
"""

from __future__ import annotations

from wipsie.slices.vault.domain.whatsapp.errors import ApiError, Treatment, treatment_of


class GraphFailure(Exception):
    """Its text holds nothing of anybody: it may be logged."""


class GraphRefused(GraphFailure):
    """The API said no."""

    def __init__(self, error: ApiError, http_status: int, asked_s: float | None = None) -> None:
        """`asked_s`: how long the answer asks to wait."""
        super().__init__(f"the Graph API answered {http_status}, code {error.code}")
        self.error = error
        self.http_status = http_status
        self.asked_s = asked_s

    @property
    def treatment(self) -> Treatment:
        """How its error is treated."""
        return treatment_of(self.error, self.http_status)

    @property
    def is_gone(self) -> bool:
        """The object, or the URL, is not there (any more)."""
        return self.http_status == 404 or self.treatment.reason == "object_missing"


class GraphUnreachable(GraphFailure):
    """Nobody there, or not to the end."""


class PlaceRefused(GraphFailure):
    """The token goes to hosts of Meta, over https, and to no address within a network of ours."""


class FileTooLarge(GraphFailure):
    """More bytes than were allowed."""
