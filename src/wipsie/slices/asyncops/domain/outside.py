"""Things outside the records of the team that a link may point to: each kind with its form and how it is called.

What they are is known elsewhere, so a link checks the form of an id and not whether the thing is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

URL_CHARACTERS_MAX = 2000


class OutsideKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing."""

    name: str
    form: re.Pattern[str]
    """Of its ids."""
    about: str
    """The form, for people."""
    label: Callable[[str], str]
    """What is shown of one."""


def _titled(title: str) -> Callable[[str], str]:
    return lambda thing_id: f"{title} {thing_id}"


def _url_label(url: str) -> str:
    parts = urlsplit(url)
    shown = f"{parts.hostname or ''}{parts.path.rstrip('/')}"
    return shown if len(shown) <= 80 else f"{shown[:79]}…"


_ID = r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}"

_KINDS = (
    OutsideKind(
        name="queue",
        form=re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}(\.fifo)?"),
        about="the name of a queue",
        label=_titled("Queue"),
    ),
    OutsideKind(name="message", form=re.compile(_ID), about="the id of a message", label=_titled("Message")),
    OutsideKind(name="mail", form=re.compile(_ID), about="the id of a mail", label=_titled("Mail")),
    OutsideKind(name="report", form=re.compile(_ID), about="the id of a report", label=_titled("Report")),
    OutsideKind(
        name="url",
        form=re.compile(r"https?://[^\s\x00-\x20\x7f<>\"\\^`{|}]{1,1990}"),
        about=f"an address that begins with http:// or https://, at most {URL_CHARACTERS_MAX} characters",
        label=_url_label,
    ),
)
OUTSIDE_KINDS: Mapping[str, OutsideKind] = {kind.name: kind for kind in _KINDS}


def is_of_form(kind: OutsideKind, thing_id: str) -> bool:
    """Whether this may be the id of such a thing."""
    if not (thing_id.isprintable() and kind.form.fullmatch(thing_id)):
        return False
    if kind.name != "url":
        return True
    try:
        parts = urlsplit(thing_id)
        # A name and password before the host would be shown to everybody, and deceive about the host.
        return bool(parts.hostname) and "@" not in parts.netloc and (parts.port or 1) > 0
    except ValueError:
        return False
