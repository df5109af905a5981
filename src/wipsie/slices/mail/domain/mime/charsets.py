"""Bytes to text, whatever character set their sender declared, and whether it told the truth."""

from __future__ import annotations

import re
from encodings.aliases import aliases

from wipsie.slices.mail.domain.mime.defects import Defects

# Named one by one: Python has codecs that unpack archives, rewrite escapes or take quadratic time, and it remembers every
# unknown name that was ever asked for.
_NAMES = """
ascii utf_8 utf_8_sig utf_7 utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le latin_1
iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_10 iso8859_11 iso8859_13
iso8859_14 iso8859_15 iso8859_16 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp437 cp720 cp737
cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 cp1006 cp1125
cp037 cp273 cp424 cp500 cp875 cp1026 cp1140 koi8_r koi8_t koi8_u kz1048 ptcp154 tis_620 hp_roman8
mac_arabic mac_croatian mac_cyrillic mac_farsi mac_greek mac_iceland mac_latin2 mac_roman mac_romanian mac_turkish
big5 big5hkscs cp950 gb2312 gbk gb18030 hz euc_jp euc_jis_2004 euc_jisx0213 shift_jis shift_jis_2004 shift_jisx0213
cp932 iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr euc_kr cp949 johab
"""
_CODECS = frozenset(_NAMES.split())
# What programs write under these names is the larger set (WHATWG Encoding, section 4.2).
_LARGER = {
    "latin_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_ext",
    "utf_8": "utf_8_sig",
}
_OTHER_NAMES = {
    "utf8mb4": "utf_8",
    "unicode": "utf_16",
    "cp_1252": "cp1252",
    "iso8859_8_i": "iso8859_8",
    "sjis": "cp932",
}
_MARKS = ((b"\xef\xbb\xbf", "utf_8_sig"), (b"\xff\xfe", "utf_16"), (b"\xfe\xff", "utf_16"))
_SINGLE_BYTE = frozenset({"ascii", "cp1252"})
"""Declared by programs that did not look; bytes above 127 that happen to be UTF-8 are UTF-8."""
_DEFAULT = "cp1252"
_SEPARATORS = re.compile(r"[^a-z0-9.]+")
_CHARSET_CHARACTERS_MAX = 60


def codec_of(charset: str) -> str | None:
    """The codec for the name of a character set, of at most a line; None for one we do not know."""
    name = _SEPARATORS.sub("_", charset.lower()).strip("_")
    for form in (name, name.removeprefix("x_"), name.removesuffix("_i").removesuffix("_e")):
        codec = _OTHER_NAMES.get(form) or aliases.get(form, form)
        if codec in _CODECS:
            return _LARGER.get(codec, codec)
    return None


def decoded(content: bytes, charset: str | None, defects: Defects) -> str:
    """The text of bytes. `charset`: as declared, None when nothing is. What cannot be read becomes U+FFFD; never raises."""
    charset = charset[:_CHARSET_CHARACTERS_MAX] if charset else None
    declared = codec_of(charset) if charset else "ascii"
    if declared is None:
        defects.note(f"The character set {charset!r} is unknown.")
        declared = "ascii"
    codec = _by_mark(content, declared) or _by_order(content, declared)
    if codec in _SINGLE_BYTE and not content.isascii():
        text = _strict(content, "utf_8")
        if text is not None:
            defects.note(f"Text in UTF-8 is declared as {charset}." if charset else "Text in UTF-8 is not declared.")
            return text
    text = _strict(content, codec)
    if text is not None:
        return text
    text = None if codec.startswith("utf_8") else _strict(content, "utf_8")
    if text is not None:
        defects.note(f"Text in UTF-8 is declared as {charset}.")
        return text
    defects.note(f"Text holds bytes that are not of the character set {charset or 'us-ascii'}.")
    return content.decode(_DEFAULT if codec == "ascii" else codec, errors="replace")


def _strict(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        return None


def _by_mark(content: bytes, declared: str) -> str | None:
    """A byte order mark says more than a declaration, except that of a larger unit."""
    if declared.startswith(("utf_16", "utf_32")):
        return None
    return next((codec for mark, codec in _MARKS if content.startswith(mark)), None)


def _by_order(content: bytes, declared: str) -> str:
    """Without a mark the high byte is first (RFC 2781), and so it is unless the zeros of plain letters stand elsewhere."""
    if declared != "utf_16" or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return declared
    sample = content[:4096]
    return "utf_16_le" if sample[1::2].count(0) > sample[0::2].count(0) else "utf_16_be"
