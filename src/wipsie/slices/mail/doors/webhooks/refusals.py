"""How a request of a provider can be wrong, sorted by what to do about it."""

from __future__ import annotations


class NotGenuine(Exception):
    """Nothing shows that the provider sent it: no signature, a wrong one, an old one, a wrong password."""


class NotAllowed(Exception):
    """A provider sent it, for somebody else."""


class Unreadable(Exception):
    """The request is cut, or not what its headers say. Whole, it may be good."""


class NotAMail(Exception):
    """Genuine and whole, and there is no mail in it: sent again, it will be the same."""
