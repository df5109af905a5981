"""How much WhatsApp takes of each part of a message, and how texts of users are cut to that.

Meta does not say what it counts as one character. We count UTF-16 units, the most of all ways that are in use: what is short
enough for us is short enough for any of them.
"""

from __future__ import annotations

import re
import unicodedata

TEXT_BODY_MAX = 4096
CAPTION_MAX = 1024
BUTTONS_BODY_MAX = 1024
LIST_BODY_MAX = 4096
HEADER_MAX = 60
FOOTER_MAX = 60
BUTTONS_MAX = 3
BUTTON_TITLE_MAX = 20
BUTTON_ID_MAX = 256
LIST_LABEL_MAX = 20
SECTIONS_MAX = 10
SECTION_TITLE_MAX = 24
ROWS_MAX = 10
"""Of all sections together."""
ROW_TITLE_MAX = 24
ROW_ID_MAX = 200
ROW_DESCRIPTION_MAX = 72
REFERENCE_MAX = 512
"""Of `biz_opaque_callback_data`."""
FILE_NAME_MAX = 240
IMAGE_BYTES_MAX = 5_000_000
DOCUMENT_BYTES_MAX = 100_000_000
_ELLIPSIS = "…"
_JOINER = "\u200d"
_LOOSE_END = re.compile(r"[\s\u200d]+\Z")


def length_of(text: str) -> int:
    """In UTF-16 units."""
    return len(text) + sum(sign > "\uffff" for sign in text)


def shortened(text: str, units_max: int) -> str:
    """The text, or its beginning with an ellipsis, within `units_max` and never cut within a letter and its marks."""
    if length_of(text) <= units_max:
        return text
    end = units = 0
    for position, sign in enumerate(text):
        if not _belongs_to_letter_before(text, position):
            end = position
        units += length_of(sign)
        if units > units_max - 1:
            break
    return _LOOSE_END.sub("", text[:end]) + _ELLIPSIS


def _belongs_to_letter_before(text: str, position: int) -> bool:
    sign = text[position]
    return position > 0 and (
        sign == _JOINER
        or text[position - 1] == _JOINER
        or unicodedata.category(sign) in ("Mn", "Mc", "Me")
        or "\U0001f3fb" <= sign <= "\U0001f3ff"
    )
