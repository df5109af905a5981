"""Mails made by code, fine and otherwise, each with what must be read of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Any

import msgspec

from wipsie.slices.mail.domain.mime import ParsedMail

Read = Callable[[bytes], ParsedMail]
"""Reads the bytes of a mail."""
PICTURE = bytes(range(256)) * 4
PDF = b"%PDF-1.4\r\n\r\n\x00\xff"


class Sample(msgspec.Struct, frozen=True):
    """One mail."""

    name: str
    content: bytes
    promise: dict[str, Any]
    """Members of `ParsedMail` by name."""
    files: list[tuple[str, str, bytes]] = []
    """Name, media type and bytes of each attachment."""
    defect: str = ""
    """Part of a sentence that must be among the defects; empty when there must be none."""
    is_truncated: bool = False


def written(**headers: str) -> EmailMessage:
    """A mail with the usual header, to be filled."""
    message = EmailMessage(policy=SMTP)
    usual = {
        "From": "Ann Example <ann@example.org>",
        "To": "Bob <bob@example.org>",
        "Subject": "Hello",
        "Date": "Fri, 01 Sep 2023 09:38:21 +0000",
        "Message-ID": "<1@example.org>",
    }
    for name, value in (usual | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        message[name] = value
    return message


def raw(body: bytes, *header: bytes) -> bytes:
    """A mail of bytes with the usual header, and `header` behind it."""
    usual = (b"From: ann@example.org", b"Date: Fri, 01 Sep 2023 09:38:21 +0000")
    return b"\r\n".join((*usual, *header, b"", body))


def multipart(kind: bytes, *parts: bytes, boundary: bytes = b"edge") -> bytes:
    """A mail of parts as they are given, header and all."""
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"
    return raw(body, b'Content-Type: multipart/%s; boundary="%s"' % (kind, boundary))


def _plain(text: str, charset: str, encoding: str) -> bytes:
    message = written()
    message.set_content(text, charset=charset, cte=encoding)
    return message.as_bytes()


def _with_attachments() -> bytes:
    message = written(Subject="Bericht für März")
    message.set_content("See below.\n")
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename="Überblick März.pdf")
    message.add_attachment("a;b\r\n", subtype="csv", filename="../../etc/passwd")
    return message.as_bytes()


def _page_with_picture() -> bytes:
    message = written()
    message.set_content("Plain words.\n")
    message.add_alternative('<p>Words of HTML</p><img src="cid:pic@example.org">', subtype="html")
    page = message.get_payload(1)
    assert isinstance(page, EmailMessage)
    page.add_related(PICTURE, maintype="image", subtype="png", cid="<pic@example.org>")
    return message.as_bytes()


_INNER = (
    b"From: Ann Example <ann@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: Inner\r\n"
    b"Date: Fri, 01 Sep 2023 09:38:21 +0000\r\nMessage-ID: <1@example.org>\r\n"
    b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 7bit\r\nMIME-Version: 1.0\r\n'
    b"\r\ninner text\r\n"
)


def _forwarded() -> bytes:
    inner = written(Subject="Inner")
    inner.set_content("inner text\n")
    message = written()
    message.set_content("outer text\n")
    message.add_attachment(inner)
    return message.as_bytes()


_LANGUAGES = {
    "german": ("Größe: 5 €", "iso-8859-15"),
    "russian": ("Привет, мир", "koi8-r"),
    "japanese": ("こんにちは世界", "iso-2022-jp"),
    "chinese": ("你好世界", "gb18030"),
    "korean": ("안녕하세요", "euc-kr"),
    "greek": ("Καλημέρα κόσμε", "iso-8859-7"),
    "hebrew": ("שלום עולם", "windows-1255"),
    "arabic": ("مرحبا بالعالم", "utf-8"),
    "signs": ("Party \U0001f389 time", "utf-8"),
}

FINE: list[Sample] = [
    *(
        Sample(f"{language} in {charset}, {encoding}", _plain(f"{text}\n", charset, encoding), {"text": text})
        for language, (text, charset) in _LANGUAGES.items()
        for encoding in ("base64", "quoted-printable")
    ),
    *(
        Sample(
            f"a subject in {language}",
            written(Subject=text, From=f'"{text}" <ann@example.org>').as_bytes() + b"x",
            {"subject": text, "sender": f"{text} <ann@example.org>", "sender_address": "ann@example.org"},
        )
        for language, (text, _) in _LANGUAGES.items()
    ),
    Sample(
        "a header in UTF-8",
        written(Subject="Grüße", From="Jörg <jörg@example.org>").as_bytes(policy=SMTPUTF8) + b"x",
        {"subject": "Grüße", "sender": "Jörg <jörg@example.org>", "sender_address": "jörg@example.org"},
    ),
    Sample(
        "attachments",
        _with_attachments(),
        {"subject": "Bericht für März", "text": "See below.", "text_from": "plain"},
        [("Überblick März.pdf", "application/pdf", PDF), ("passwd", "text/csv", b"a;b\r\n")],
    ),
    Sample(
        "a page with a picture in it",
        _page_with_picture(),
        {"text": "Plain words.", "text_from": "plain"},
        [("attachment-1.png", "image/png", PICTURE)],
    ),
    Sample(
        "a mail within a mail",
        _forwarded(),
        {"subject": "Hello", "text": "outer text"},
        [
            (
                "message-1.eml",
                "message/rfc822",
                _INNER,
            )
        ],
    ),
    *(
        Sample(
            f"the character set {charset}",
            raw(text.encode(codec), f"Content-Type: text/plain; charset={charset} (so they say)".encode()),
            {"text": text},
        )
        for charset, codec, text in [
            ("x-sjis", "cp932", "\u2460 \u7e4a"),
            ("gb2312", "gb18030", "\u93d6"),
            ("ks_c_5601-1987", "cp949", "\ub620"),
            ("iso-8859-1", "cp1252", "\u20ac \u201cso\u201d"),
            ("ISO-8859-8-I", "iso8859_8", "\u05e9"),
            ("unicode-1-1-utf-7", "utf-7", "\u00fc"),
        ]
    ),
    Sample(
        "UTF-16 with a mark",
        raw("Größe \U0001f389\r\n".encode("utf-16"), b"Content-Type: text/plain; charset=utf-16"),
        {"text": "Größe \U0001f389"},
    ),
    Sample(
        "HTML alone",
        raw(b"<h1>Hi</h1><p>there<br>you", b"Content-Type: text/html"),
        {"text": "Hi\n\nthere\nyou", "text_from": "html"},
    ),
    Sample(
        "HTML that tells its character set itself",
        raw('<meta charset="windows-1251">Привет'.encode("cp1251"), b"Content-Type: text/html"),
        {"text": "Привет"},
    ),
    Sample(
        "an alternative whose plain text is blank",
        multipart(b"alternative", b"\r\n \r\n", b"Content-Type: text/html\r\n\r\n<b>told</b>"),
        {"text": "told", "text_from": "html"},
    ),
    Sample(
        "an alternative with an invitation",
        multipart(
            b"alternative",
            b"\r\ncome",
            b"Content-Type: text/html\r\n\r\n<i>come</i>",
            b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR",
        ),
        {"text": "come"},
        [("attachment-1.ics", "text/calendar", b"BEGIN:VCALENDAR")],
    ),
    Sample(
        "text in two pieces around a file",
        multipart(b"mixed", b"\r\nabove", b"Content-Type: image/gif\r\n\r\nGIF", b"\r\nbelow"),
        {"text": "above\n\nbelow"},
        [("attachment-1.gif", "image/gif", b"GIF")],
    ),
    Sample(
        "flowed text",
        raw(
            b"One long \r\nline.\r\n> quoted \r\n> on\r\n From here\r\n-- \r\nAnn \r\n",
            b"Content-Type: text/plain; format=flowed",
        ),
        {"text": "One long line.\n> quoted on\nFrom here\n-- \nAnn"},
    ),
    Sample(
        "flowed text of a language without spaces",
        raw("長い \r\n行".encode(), b"Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes"),
        {"text": "長い行"},
    ),
    Sample(
        "a uuencoded file",
        multipart(
            b"mixed",
            b"\r\nhere",
            b"Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n"
            b"begin 644 a.zip\r\n" + binascii.b2a_uu(PDF) + b"`\r\nend",
        ),
        {"text": "here"},
        [("a.zip", "application/zip", PDF)],
    ),
    Sample(
        "a signed mail",
        multipart(
            b"signed; protocol=application/pkcs7-signature",
            b"Content-Type: text/plain\r\n\r\nsigned words",
            b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + base64.encodebytes(PICTURE),
        ),
        {"text": "signed words"},
        [("smime.p7s", "application/pkcs7-signature", PICTURE)],
    ),
    Sample(
        "what Outlook wraps up",
        multipart(
            b"mixed",
            b"\r\nwords",
            b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+Ig==",
        ),
        {"text": "words"},
        [("winmail.dat", "application/ms-tnef", b"x\x9f>\x22")],
    ),
    Sample(
        "a digest",
        multipart(b"digest", b"\r\nSubject: one\r\n\r\n1", b"\r\nSubject: two\r\n\r\n2"),
        {"text": "", "text_from": None},
        [
            ("message-1.eml", "message/rfc822", b"Subject: one\r\n\r\n1"),
            ("message-2.eml", "message/rfc822", b"Subject: two\r\n\r\n2"),
        ],
    ),
    Sample(
        "a picture and nothing else",
        raw(base64.encodebytes(PICTURE), b"Content-Type: image/png", b"Content-Transfer-Encoding: base64"),
        {"text": "", "text_from": None},
        [("attachment-1.png", "image/png", PICTURE)],
    ),
    Sample(
        "who it is to, and what it belongs to",
        raw(
            b"x",
            b"To: Team: Bob <bob@example.org>, carol@example.org;, undisclosed:;",
            b'Cc: "Doe, John" (boss) <john@example.org>, =?utf-8?q?J=C3=B6rg=2C_Ing=2E?= <j@example.org>',
            b"Reply-To: dora@example.org (Dora D.)",
            b"In-Reply-To: <a@example.org> (Ann's message)",
            b"References: <a@example.org>\r\n <b@example.org>",
            b"List-Id: The list <list.example.org>",
            b"X-Mailer: Pigeon 3",
        ),
        {
            "to": (("Bob", "bob@example.org"), ("", "carol@example.org")),
            "cc": (("Doe, John", "john@example.org"), ("Jörg, Ing.", "j@example.org")),
            "reply_to": (("Dora D.", "dora@example.org"),),
            "in_reply_to": "a@example.org",
            "references": ("a@example.org", "b@example.org"),
            "list_id": "list.example.org",
        },
    ),
    Sample(
        "a name in pieces with a character set",
        multipart(
            b"mixed",
            b"Content-Type: application/pdf\r\nContent-Disposition: attachment;\r\n filename*0*=utf-8'de'%C3%9Cber;\r\n"
            b' filename*1=" die";\r\n filename*2*=%20Br%C3%BCcke.pdf; filename=x\r\n\r\nPDF',
        ),
        {"text": ""},
        [("Über die Brücke.pdf", "application/pdf", b"PDF")],
    ),
    Sample(
        "a character split between two encoded words",
        raw(b"x", b"Subject: =?utf-8?b?R3LD?=\r\n =?utf-8?b?vMOfZQ==?= an =?iso-8859-1*de?q?J=F6rg?="),
        {"subject": "Grüße an Jörg"},
    ),
]

BROKEN: list[Sample] = [
    Sample(
        "nothing at all",
        b"",
        {"subject": "", "sender": "(unknown sender)", "timestamp_s": None, "text": "", "text_from": "plain"},
        defect="no header",
    ),
    Sample("words without a header", b"just words\nof mine\n", {"text": "just words\nof mine"}, defect="no header"),
    Sample("a header that never ends", b"Subject: only\r\n", {"subject": "only", "text": ""}, defect="no sender"),
    Sample(
        "a header that text follows at once",
        b"From: a@b.c\nSubject: s\nHello there\nmore\n",
        {"subject": "s", "text": "Hello there\nmore"},
        defect="without an empty line",
    ),
    Sample(
        "the separator of a mailbox",
        b"From ann@example.org Fri Sep  1 09:38:21 2023\n" + raw(b"text"),
        {"sender": "ann@example.org", "text": "text"},
        defect="separator of a mailbox",
    ),
    Sample(
        "lines that end in CR", raw(b"one\r\ntwo").replace(b"\r\n", b"\r"), {"text": "one\ntwo"}, defect="end in CR"
    ),
    Sample("line ends of all kinds", raw(b"one\rtwo\nthree\r\nfour"), {"text": "one\ntwo\nthree\nfour"}),
    Sample(
        "a CR in a header",
        raw(b"x", b"Subject: a\rFrom: eve@example.org"),
        {"subject": "a From: eve@example.org", "sender": "ann@example.org"},
    ),
    Sample("a byte order mark", b"\xef\xbb\xbf" + raw(b"x"), {"sender": "ann@example.org"}, defect="byte order mark"),
    Sample(
        "a file of UTF-16",
        raw(b"x").decode().encode("utf-16"),
        {"sender": "ann@example.org", "text": "x"},
        defect="UTF-16",
    ),
    Sample(
        "UTF-16 without a mark",
        raw("Größe".encode("utf-16-le"), b"Content-Type: text/plain; charset=utf-16"),
        {"text": "Größe"},
    ),
    Sample(
        "two subjects",
        raw(b"x", b"Subject: one", b"Subject: two"),
        {"subject": "one"},
        defect="2 fields subject",
    ),
    Sample("a control character in a subject", raw(b"x", b"Subject: a\0b\tc"), {"subject": "a b c"}),
    Sample(
        "a line break in an encoded word",
        raw(b"x", b"Subject: =?utf-8?q?a=0D=0ABcc=3A_eve=40example=2Eorg?="),
        {"subject": "a Bcc: eve@example.org"},
    ),
    Sample(
        "bytes in a header",
        raw(b"x", b"Subject: Gr\xfc\xdfe"),
        {"subject": "Grüße"},
        defect="bytes that are no text",
    ),
    Sample("a blank subject", raw(b"x", b"Subject:  \r\n\t"), {"subject": ""}),
    Sample(
        "a sender without an address",
        raw(b"x").replace(b"ann@example.org", b"John doe"),
        {"sender": "John doe", "sender_address": None},
    ),
    Sample(
        "no From, but a Sender",
        b"Sender: bob@example.org\n\nx",
        {"sender": "bob@example.org", "sender_address": "bob@example.org"},
        defect="no date",
    ),
    Sample(
        "an empty From",
        b"From: <>\nDate: Fri, 01 Sep 2023 09:38:21 +0000\n\nx",
        {"sender": "(unknown sender)"},
        defect="no sender",
    ),
    Sample(
        "brackets that nothing closes",
        raw(b"x", b'To: Ann (the boss <ann@example.org>, "Bob <bob@example.org>'),
        {"to": (("Ann (the boss", "ann@example.org"), ("Bob <bob@example.org>", ""))},
    ),
    Sample(
        "addresses without brackets",
        raw(b"x", b'To: Bob bob@example.org; "c d"@example.org, <@relay,@other:dora@example.org>, a@[IPv6:::1]'),
        {
            "to": (
                ("Bob", "bob@example.org"),
                ("", '"c d"@example.org'),
                ("", "dora@example.org"),
                ("", "a@[IPv6:::1]"),
            )
        },
    ),
    Sample(
        "UTF-8 declared as ASCII",
        raw("Grüße".encode(), b"Content-Type: text/plain; charset=us-ascii"),
        {"text": "Grüße"},
        defect="UTF-8 is declared as us-ascii",
    ),
    Sample("UTF-8 declared as nothing", raw("Grüße".encode()), {"text": "Grüße"}, defect="UTF-8 is not declared"),
    Sample(
        "another character set declared as UTF-8",
        raw(b"Gr\xfc\xdfe", b"Content-Type: text/plain; charset=utf-8"),
        {"text": "Gr\ufffd\ufffde"},
        defect="not of the character set utf-8",
    ),
    *(
        Sample(
            f"the character set {charset[:20]}",
            raw(b"Gr\xfc\xdfe", f"Content-Type: text/plain; charset={charset}".encode()),
            {"text": "Grüße"},
            defect="is unknown",
        )
        for charset in ("x-unknown", "zlib", "unicode_escape", "punycode", "../evil", "a" * 5_000)
    ),
    Sample(
        "base64 that is none",
        raw(b"This is plain text, whatever they say.", b"Content-Transfer-Encoding: base64"),
        {"text": "This is plain text, whatever they say."},
        defect="not encoded",
    ),
    Sample(
        "base64 that breaks off",
        raw(b"SGVsbG8gdGhlcmU", b"Content-Transfer-Encoding: BASE64 "),
        {"text": "Hello there"},
        defect="ends in the middle",
    ),
    Sample(
        "base64 with a notice behind it",
        raw(b"SGVsbG8=\r\n\r\nVirusfree", b"Content-Transfer-Encoding: base64"),
        {"text": "Hello"},
        defect="behind its end",
    ),
    Sample(
        "quoted-printable that is none",
        raw(b"a=ZZ=3D= \r\nb=", b"Content-Transfer-Encoding: quoted-printable"),
        {"text": "a=ZZ=b"},
        defect="escape that is none",
    ),
    Sample(
        "an unknown transfer encoding",
        raw(b"x", b"Content-Transfer-Encoding: gzip64"),
        {"text": "x"},
        defect="'gzip64' is unknown",
    ),
    Sample(
        "a uuencoded part that is none",
        raw(b"words", b"Content-Transfer-Encoding: x-uuencode"),
        {"text": "words"},
        defect="uuencoded is not",
    ),
    Sample(
        "a multipart without a boundary",
        raw(b"--x\r\n\r\nwords", b"Content-Type: multipart/mixed"),
        {"text": "--x\n\nwords"},
        defect="does not say its boundary",
    ),
    Sample(
        "a multipart whose boundary never comes",
        raw(b"words", b"Content-Type: multipart/mixed; boundary=x"),
        {"text": "words"},
        defect="lacks its last boundary",
    ),
    Sample(
        "a multipart that breaks off",
        multipart(b"mixed", b"\r\nwords", b"Content-Type: image/png\r\n\r\nPNG").replace(b"\r\n--edge--", b""),
        {"text": "words"},
        [("attachment-1.png", "image/png", b"PNG\r\n")],
        defect="lacks its last boundary",
    ),
    Sample(
        "an inner multipart that the outer one ends",
        multipart(
            b"mixed",
            b"Content-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\n\r\ninner",
            b"Content-Type: image/png\r\n\r\nPNG",
        ),
        {"text": "inner"},
        [("attachment-1.png", "image/png", b"PNG")],
        defect="lacks its last boundary",
    ),
    Sample(
        "an inner multipart with the boundary of the outer one",
        multipart(b"mixed", b"Content-Type: multipart/mixed; boundary=edge\r\n\r\n", b"\r\ninner"),
        {"text": "inner"},
        defect="lacks its last boundary",
    ),
    Sample(
        "an outer multipart that goes on behind an inner one with its boundary",
        multipart(
            b"mixed",
            b"Content-Type: multipart/mixed; boundary=edge\r\n\r\n--edge\r\n\r\ninner\r\n--edge--",
            b"\r\nouter",
        ),
        {"text": "inner\n\nouter"},
    ),
    Sample(
        "parts without an empty line in them",
        multipart(b"mixed", b"Content-Type: text/plain", b"no header here"),
        {"text": "no header here"},
    ),
    Sample(
        "a content type that is none",
        multipart(b"mixed", b"\r\nwords", b"Content-Type: pdf; name=a.pdf\r\n\r\nPDF"),
        {"text": "words"},
        [("a.pdf", "application/octet-stream", b"PDF")],
        defect="'pdf' is none",
    ),
    Sample(
        "a parameter that ends in its own mark",
        raw(b"x", b"Content-Type: text/plain; name*"),
        {"text": "x"},
    ),
    Sample(
        "a quotation mark that nothing closes",
        raw(b"x", b'Content-Type: text/html; name="a; charset=utf-8'),
        {"text": "x", "text_from": "html"},
    ),
    *(
        Sample(
            f"a file called {name!r}",
            multipart(b"mixed", b'Content-Type: application/pdf; name="%s"\r\n\r\nPDF' % name.encode()),
            {"text": ""},
            [(shown, "application/pdf", b"PDF")],
        )
        for name, shown in [
            ("C:\\temp\\a.pdf", "a.pdf"),
            ("/etc/passwd", "passwd"),
            ("..", "attachment-1.pdf"),
            (" ", "attachment-1.pdf"),
            ("a\tb\x01.pdf", "a b .pdf"),
            ("\u202efdp.exe", "fdp.exe"),
            ("=?utf-8?q?=C3=9Cber=2Epdf?=", "Über.pdf"),
            ("x" * 300 + ".pdf", "x" * 195 + "….pdf"),
        ]
    ),
    Sample(
        "an encrypted mail",
        raw(
            base64.encodebytes(PICTURE),
            b"Content-Type: application/pkcs7-mime; name=smime.p7m",
            b"Content-Transfer-Encoding: base64",
        ),
        {"text": "", "text_from": None},
        [("smime.p7m", "application/pkcs7-mime", PICTURE)],
        defect="encrypted",
    ),
    *(
        Sample(
            f"the date {date!r}",
            raw(
                b"x",
                b"Received: from b by c; Mon, 2 Oct 2023 00:00:09 +0000",
                b"Received: from a by b; Mon, 2 Oct 2023 00:00:05 +0000",
                b"Received: by a; whenever",
            ).replace(b"Fri, 01 Sep 2023 09:38:21 +0000", date.encode()),
            {"timestamp_s": 1696204805, "timestamp_from": "received"},
            defect="date of the mail is none",
        )
        for date in (
            "yesterday",
            "",
            "Fri, 99 Sep 2023 09:38:21 +0000",
            "Fri, 01 Sep 2023 09:38:21 +9999",
            "Fri, 01 Sep 1923 09:38:21 +0000",
            "Fri, 01 Sep 2323 09:38:21 +0000",
            f"Fri, 01 Sep {'9' * 5000} 09:38:21",
        )
    ),
    *(
        Sample(
            f"the date {date!r}",
            raw(b"x").replace(b"Fri, 01 Sep 2023 09:38:21 +0000", date.encode()),
            {"timestamp_s": seconds, "timestamp_from": "date"},
        )
        for date, seconds in [
            ("Fri, 01 Sep 2023 09:38:21 -0000", 1693561101),
            ("Fri, 01 Sep 2023 09:38:21", 1693561101),
            ("1 Sep 23 11:38:21 +0200 (CEST)", 1693561101),
            ("Fri, 1 Sep 2023 05:38:21 EDT", 1693561101),
            ("Sat, 31 Dec 2016 23:59:60 +0000", 1483228799),
            ("Fri, 01 Sep 0099 09:38:21 +0000", 936178701),
            ("2023-09-01T09:38:21Z", 1693561101),
            ("Thu, 01 Jan 1970 00:00:00 +0000", 0),
            ("Sun, 07 Feb 2106 06:28:15 +0000", 4294967295),
        ]
    ),
]

HOSTILE: list[Sample] = [
    Sample(
        "too many parts",
        multipart(b"mixed", *[b"\r\n"] * 3_000, b"\r\nlast"),
        {"text": ""},
        defect="more than 1000 parts",
        is_truncated=True,
    ),
    Sample(
        "parts nested too deep",
        raw(
            b"".join(b"\r\n--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n" % (n, n + 1) for n in range(500)),
            b"Content-Type: multipart/mixed; boundary=b0",
        ),
        {"text": ""},
        defect="more than 50 deep",
        is_truncated=True,
    ),
    Sample(
        "a line of a megabyte in the header",
        raw(b"x", b"Subject: " + b"a" * 1_000_000),
        {"subject": "a" * 1_999 + "…", "text": "x"},
        defect="longer than 262144 bytes",
        is_truncated=True,
    ),
    Sample(
        "a header of a hundred thousand fields",
        raw(b"text", *[b"X-A: b"] * 100_000),
        {"text": "text"},
        defect="too long to be read whole",
        is_truncated=True,
    ),
    Sample(
        "a header of many megabytes",
        raw(b"text", b"X-A: b" + b"\r\n c" * 2_000_000),
        {"text": "text"},
        defect="too long to be read whole",
        is_truncated=True,
    ),
    Sample(
        "a text of many megabytes",
        raw(b"a" * 9_000_000),
        {"text": "a" * (4 * 1024 * 1024)},
        defect="longer than 4194304 characters",
        is_truncated=True,
    ),
    Sample(
        "ten thousand addresses",
        raw(b"x", b"To: " + b"a@b.c, " * 5_000, b"Cc: " + b"d@e.f, " * 5_000),
        {"to": (("", "a@b.c"),) * 1_000, "cc": ()},
        defect="more addresses than are kept",
        is_truncated=True,
    ),
    Sample(
        "references without end",
        raw(b"x", b"References:" + b"".join(b" <%d@x>" % n for n in range(10_000))),
        {"references": tuple(f"{n}@x" for n in range(9_800, 10_000))},
        defect="more than 200 others",
        is_truncated=True,
    ),
    Sample(
        "authentication results without end",
        raw(b"x", *(b"Authentication-Results: mx; none" for _ in range(100))),
        {"authentication": ("Authentication-Results: mx; none",) * 50},
        defect="more than 50 results",
        is_truncated=True,
    ),
    *(
        Sample(
            f"{name} of {unit!r} without end",
            raw(b"x", name.encode() + b": " + unit.encode() * (200_000 // len(unit))),
            {"text": "x"},
            defect="*",
        )
        for name in ("To", "Received", "References", "DKIM-Signature", "X-Mailer", "Authentication-Results")
        for unit in ("(", '"', "<", "\\", ",", ":", ";", "[", "@", "=?utf-8?q?a?= ", "=?", "a b@c ")
    ),
    Sample(
        "a content type of semicolons",
        raw(b"x", b"Content-Type: text/plain" + b";" * 200_000),
        {"text": "x"},
        defect="longer than 16384 characters",
        is_truncated=True,
    ),
    *(
        Sample(
            f"HTML of {unit!r} without end",
            raw(unit.encode() * (300_000 // len(unit)), b"Content-Type: text/html"),
            {"text_from": "html"},
            defect="*",
        )
        for unit in (
            "<",
            "<!--",
            "<a ",
            "<a b=",
            "<a b='",
            "</",
            "<![",
            "<?",
            "<div>",
            "</p>",
            "<b></i>",
            "&#",
            "&#9",
            "&amp",
        )
    ),
    *(
        Sample(
            f"a {encoding} body of {unit!r} without end",
            raw(unit * (300_000 // len(unit)), f"Content-Transfer-Encoding: {encoding}".encode()),
            {"text_from": "plain"},
            defect="*",
        )
        for encoding in ("base64", "quoted-printable", "x-uuencode", "7bit")
        for unit in (b"=", b"\n", b"\r", b" ", b"= \n", b"\xff", b"\0", b"--\n", b"begin 644 \n")
    ),
]
"""A defect of ``*``: whether there are any does not matter."""

ALL = [*FINE, *BROKEN, *HOSTILE]
