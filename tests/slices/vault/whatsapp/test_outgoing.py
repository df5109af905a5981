"""What we send is what WhatsApp takes: a message beyond its limits cannot be made."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from webhook_samples import numbered

from wipsie.slices.vault.domain.whatsapp.outgoing import (
    Accepted,
    Button,
    ButtonsMessage,
    DocumentMessage,
    ImageMessage,
    ListMessage,
    ListRow,
    ListSection,
    MediaSource,
    MessageRefused,
    OutgoingMessage,
    ReadReceipt,
    Recipient,
    TemplateMessage,
    TemplateParameter,
    TextMessage,
    length_of,
    read_accepted,
    receipt_payload,
    send_payload,
    shortened,
)

ASHA = Recipient(number="15550100123")
BASE = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+15550100123"}
BUTTON = Button("d:7f3a:1:save", "Save")
UPLOADED = MediaSource(id="970000000000301")


def rows(count: int, first: int = 0) -> tuple[ListRow, ...]:
    return tuple(ListRow(f"r:{number}", f"Row {number}") for number in range(first, first + count))


def test_a_text_goes_to_a_number_with_its_plus_and_without_previews() -> None:
    found = send_payload(TextMessage(body="Saved as report 12."), ASHA, reference="outbox:91", quotes="wamid.B")
    assert found == {
        **BASE,
        "type": "text",
        "text": {"body": "Saved as report 12.", "preview_url": False},
        "context": {"message_id": "wamid.B"},
        "biz_opaque_callback_data": "outbox:91",
    }


def test_a_user_id_goes_where_user_ids_belong() -> None:
    found = send_payload(TextMessage(body="Hi"), Recipient(user_id="BR.77120055340918"))
    assert "to" not in found
    assert found["recipient"] == "BR.77120055340918"


SAMPLES: list[tuple[OutgoingMessage, dict[str, Any]]] = [
    (
        ButtonsMessage(
            header="Check the details",
            body="3 Nov 2025 · Lakeside Hospital · Blood test",
            footer="Reply CANCEL to stop",
            buttons=(BUTTON, Button("d:7f3a:1:change", "Change")),
        ),
        {
            "type": "interactive",
            "interactive": {
                "type": "button",
                "header": {"type": "text", "text": "Check the details"},
                "body": {"text": "3 Nov 2025 · Lakeside Hospital · Blood test"},
                "footer": {"text": "Reply CANCEL to stop"},
                "action": {
                    "buttons": [
                        {"type": "reply", "reply": {"id": "d:7f3a:1:save", "title": "Save"}},
                        {"type": "reply", "reply": {"id": "d:7f3a:1:change", "title": "Change"}},
                    ]
                },
            },
        },
    ),
    (
        ListMessage(
            body="What kind of report is it?",
            label="Choose",
            sections=(ListSection((ListRow("t:blood", "Blood test", "CBC, sugar"), ListRow("t:other", "Other"))),),
        ),
        {
            "type": "interactive",
            "interactive": {
                "type": "list",
                "body": {"text": "What kind of report is it?"},
                "action": {
                    "button": "Choose",
                    "sections": [
                        {
                            "rows": [
                                {"id": "t:blood", "title": "Blood test", "description": "CBC, sugar"},
                                {"id": "t:other", "title": "Other"},
                            ]
                        }
                    ],
                },
            },
        },
    ),
    (
        DocumentMessage(source=UPLOADED, file_name="report-12.pdf", caption="Report 12"),
        {
            "type": "document",
            "document": {"id": "970000000000301", "filename": "report-12.pdf", "caption": "Report 12"},
        },
    ),
    (
        ImageMessage(source=MediaSource(link="https://x.example/a.jpg")),
        {"type": "image", "image": {"link": "https://x.example/a.jpg"}},
    ),
    (
        TemplateMessage(
            name="upload_reminder",
            language_code="en_US",
            body=(TemplateParameter("Asha"), TemplateParameter("5", "count")),
            button_payloads=("RESUME",),
        ),
        {
            "type": "template",
            "template": {
                "name": "upload_reminder",
                "language": {"code": "en_US"},
                "components": [
                    {
                        "type": "body",
                        "parameters": [
                            {"type": "text", "text": "Asha"},
                            {"type": "text", "text": "5", "parameter_name": "count"},
                        ],
                    },
                    {
                        "type": "button",
                        "sub_type": "quick_reply",
                        "index": "0",
                        "parameters": [{"type": "payload", "payload": "RESUME"}],
                    },
                ],
            },
        },
    ),
    (
        TemplateMessage(name="hello", language_code="de"),
        {"type": "template", "template": {"name": "hello", "language": {"code": "de"}}},
    ),
]


@pytest.mark.parametrize(("message", "expected"), SAMPLES, ids=numbered())
def test_every_kind_has_its_json(message: OutgoingMessage, expected: dict[str, Any]) -> None:
    assert send_payload(message, ASHA) == BASE | expected
    # What waits in the outbox comes back as it was.
    assert msgspec.json.decode(msgspec.json.encode(message), type=OutgoingMessage) == message


def test_a_read_receipt_may_show_that_we_are_typing() -> None:
    base = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.I"}
    assert receipt_payload(ReadReceipt("wamid.I")) == base
    assert receipt_payload(ReadReceipt("wamid.I", is_typing=True)) == {**base, "typing_indicator": {"type": "text"}}


REFUSED: dict[str, Callable[[], object]] = {
    "body of nothing": lambda: TextMessage(body=" \n"),
    "body too long": lambda: TextMessage(body="a" * 4097),
    "body with half a character": lambda: TextMessage(body="a\ud83d"),
    "body with a null": lambda: TextMessage(body="a\0"),
    "caption too long": lambda: ImageMessage(source=UPLOADED, caption="a" * 1025),
    "buttons body too long": lambda: ButtonsMessage(body="a" * 1025, buttons=(BUTTON,)),
    "no buttons": lambda: ButtonsMessage(body="a", buttons=()),
    "four buttons": lambda: ButtonsMessage(body="a", buttons=tuple(Button(f"{n}", f"{n}") for n in range(4))),
    "same titles": lambda: ButtonsMessage(body="a", buttons=(Button("a", "Save"), Button("b", "Save"))),
    "same ids": lambda: ButtonsMessage(body="a", buttons=(Button("a", "Save"), Button("a", "Keep"))),
    "title too long": lambda: Button("a", "a" * 21),
    "title too long in UTF-16": lambda: Button("a", "😀" * 11),
    "title of nothing": lambda: Button("a", ""),
    "title of two lines": lambda: Button("a", "a\nb"),
    "id with a blank before": lambda: Button(" a", "a"),
    "id too long": lambda: Button("a" * 257, "a"),
    "header too long": lambda: ButtonsMessage(body="a", buttons=(BUTTON,), header="a" * 61),
    "footer too long": lambda: ButtonsMessage(body="a", buttons=(BUTTON,), footer="a" * 61),
    "list body too long": lambda: ListMessage(body="a" * 4097, label="a", sections=(ListSection(rows(1)),)),
    "list label too long": lambda: ListMessage(body="a", label="a" * 21, sections=(ListSection(rows(1)),)),
    "no sections": lambda: ListMessage(body="a", label="a", sections=()),
    "section without rows": lambda: ListSection(()),
    "eleven rows": lambda: ListMessage(body="a", label="a", sections=(ListSection(rows(11)),)),
    "eleven rows in two sections": lambda: ListMessage(
        body="a", label="a", sections=(ListSection(rows(6), "A"), ListSection(rows(5, 6), "B"))
    ),
    "same row ids": lambda: ListMessage(
        body="a", label="a", sections=(ListSection(rows(2), "A"), ListSection(rows(2), "B"))
    ),
    "two sections without titles": lambda: ListMessage(
        body="a", label="a", sections=(ListSection(rows(2)), ListSection(rows(2, 2), "B"))
    ),
    "row title too long": lambda: ListRow("a", "a" * 25),
    "row id too long": lambda: ListRow("a" * 201, "a"),
    "row description too long": lambda: ListRow("a", "a", "a" * 73),
    "section title too long": lambda: ListSection(rows(1), "a" * 25),
    "file without source": MediaSource,
    "file with two sources": lambda: MediaSource(id="1", link="https://x.example"),
    "file by plain http": lambda: MediaSource(link="http://x.example"),
    "file without name": lambda: DocumentMessage(source=UPLOADED, file_name=""),
    "parameter of two lines": lambda: TemplateParameter("a\nb"),
    "parameter with a gap": lambda: TemplateParameter("a     b"),
    "template named otherwise": lambda: TemplateMessage(name="Hello!", language_code="en"),
    "template in no language": lambda: TemplateMessage(name="hello", language_code="en-US"),
    "receipt for nothing": lambda: ReadReceipt(""),
    "nobody": Recipient,
    "two recipients": lambda: Recipient(number="15550100123", user_id="IN.1"),
    "a user id as a number": lambda: Recipient(number="IN.48120077315502"),
    "a number as a user id": lambda: Recipient(user_id="15550100123"),
    "a number with its plus": lambda: Recipient(number="+15550100123"),
    "reference too long": lambda: send_payload(TextMessage(body="a"), ASHA, reference="a" * 513),
    "reference of nothing": lambda: send_payload(TextMessage(body="a"), ASHA, reference=""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_whatsapp_would_not_take_is_refused(case: str) -> None:
    with pytest.raises(MessageRefused):
        REFUSED[case]()


def test_the_largest_of_everything_is_taken() -> None:
    longest = Button("a" * 256, "a" * 20)
    ButtonsMessage(body="a" * 1024, buttons=(longest,), header="a" * 60, footer="a" * 60)
    row = ListRow("a" * 200, "a" * 24, "a" * 72)
    sections = tuple(ListSection((ListRow(f"{n}", "a"),), "a" * 24) for n in range(9))
    ListMessage(body="a" * 4096, label="a" * 20, sections=(*sections, ListSection((row,), "z")))
    TextMessage(body="a" * 4096)


def test_a_refusal_never_quotes_the_message() -> None:
    with pytest.raises(MessageRefused) as refused:
        TextMessage(body="HIV " * 2000)
    assert "HIV" not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            {"contacts": [{"input": "+15550100123", "wa_id": "15550100123"}], "messages": [{"id": "wamid.O"}]},
            Accepted(message_id="wamid.O", wa_id="15550100123"),
        ),
        (
            {"contacts": [{"user_id": "BR.7"}], "messages": [{"id": "wamid.O", "message_status": "accepted"}]},
            Accepted(message_id="wamid.O", user_id="BR.7", template_status="accepted"),
        ),
        ({"messages": []}, None),
        ({}, None),
        (None, None),
        ("OK", None),
    ],
    ids=numbered(),
)
def test_the_answer_names_the_message_or_nobody_knows_what_became_of_it(answer: Any, expected: Accepted | None) -> None:
    assert read_accepted(answer) == expected


@given(st.text(alphabet="ab 😀कषि\u093f\u0301\u200d👩🏽", max_size=40), st.integers(1, 30))
def test_texts_are_cut_to_fit_and_never_within_a_letter(text: str, units_max: int) -> None:
    found = shortened(text, units_max)
    assert length_of(found) <= units_max
    if length_of(text) <= units_max:
        assert found == text
    else:
        kept = found.removesuffix("…")
        assert text.startswith(kept)
        assert not kept.endswith(("\u200d", " "))
        # What joins to a blank, or is an accent on one, may go with the blanks at the end.
        assert not kept or not re.match("[\u093f\u0301🏽]|\u200d+[^ \u200d]", text[len(kept) :])


@given(st.text())
def test_length_is_counted_in_utf_16(text: str) -> None:
    assert length_of(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2
