"""What a conversation asks at the moment: the question, its choices, and how to end it. Every choice can be typed as well, by its
number or its words."""

from __future__ import annotations

import msgspec

from wipsie.slices.vault.domain.catalogue import Texts, counted, date_text, texts_of
from wipsie.slices.vault.domain.catalogue.report_types import REPORT_TYPES, ReportType
from wipsie.slices.vault.domain.conversation.cards import card_body, report_line
from wipsie.slices.vault.domain.conversation.choices import draft_choice
from wipsie.slices.vault.domain.conversation.conversation import (
    Conversation,
    DeletePending,
    Draft,
    ErasePending,
    NewPinPending,
    PinPending,
)
from wipsie.slices.vault.domain.conversation.details import SlotName
from wipsie.slices.vault.domain.conversation.facts import CardDetail
from wipsie.slices.vault.domain.conversation.outcomes import Ready
from wipsie.slices.vault.domain.conversation.state import State
from wipsie.slices.vault.domain.dates import PartialDate
from wipsie.slices.vault.domain.languages import Language
from wipsie.slices.vault.domain.whatsapp.outgoing import (
    Button,
    ButtonsMessage,
    ListMessage,
    ListRow,
    ListSection,
    OutgoingMessage,
    TextMessage,
    length_of,
    shortened,
)
from wipsie.slices.vault.domain.whatsapp.outgoing.limits import (
    BUTTON_TITLE_MAX,
    BUTTONS_BODY_MAX,
    BUTTONS_MAX,
    LIST_BODY_MAX,
    ROW_DESCRIPTION_MAX,
    ROW_TITLE_MAX,
    ROWS_MAX,
    TEXT_BODY_MAX,
)

TRIES_BEFORE_SKIP = 3
"""So many dates that could not be read, and leaving it out is offered."""
SLOTS: tuple[SlotName, ...] = ("date", "hospital", "type", "person", "note")
"""As the list of changes has them."""


class Option(msgspec.Struct, frozen=True):
    """A choice. `action` says what it does, within the draft or question it is of."""

    action: str
    title: str
    description: str | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, before it is a message."""

    id: str
    version: int
    body: str
    options: tuple[Option, ...] = ()
    header: str | None = None
    is_list: bool = False


def options_of(conversation: Conversation) -> tuple[Option, ...]:
    """The choices there are now."""
    question = _question(conversation, "full")
    return () if question is None else question.options


def prompt(
    conversation: Conversation, detail: CardDetail = "full", *, lead: str = "", instead: str | None = None
) -> OutgoingMessage | None:
    """What is asked now, as a message; None when nothing is. `lead` stands above the question, `instead` in its place."""
    question = _question(conversation, detail)
    if question is None:
        return None
    body = question.body if instead is None else instead
    return _message(
        msgspec.structs.replace(question, body=f"{lead}\n\n{body}" if lead else body), conversation.language
    )


def lead_fits(conversation: Conversation, lead: str, detail: CardDetail) -> bool:
    """Whether the question has room for this above it."""
    question = _question(conversation, detail)
    return question is not None and length_of(lead) + 2 + length_of(question.body) <= BUTTONS_BODY_MAX


def _message(question: Question, language: Language) -> OutgoingMessage:
    texts = texts_of(language)
    if not question.options:
        ending = f"\n\n{texts.to_stop}"
        return TextMessage(body=shortened(question.body, TEXT_BODY_MAX - length_of(ending)) + ending)
    is_short = all(length_of(one.title) <= BUTTON_TITLE_MAX for one in question.options)
    if not question.is_list and is_short and len(question.options) <= BUTTONS_MAX:
        return ButtonsMessage(
            header=question.header,
            body=shortened(question.body, BUTTONS_BODY_MAX),
            buttons=tuple(
                Button(draft_choice(question.id, question.version, one.action), one.title) for one in question.options
            ),
            footer=texts.to_stop,
        )
    rows = tuple(
        ListRow(
            draft_choice(question.id, question.version, one.action),
            shortened(one.title, ROW_TITLE_MAX),
            None if _description(one) is None else shortened(_description(one) or "", ROW_DESCRIPTION_MAX),
        )
        for one in question.options[:ROWS_MAX]
    )
    return ListMessage(
        header=question.header,
        body=shortened(question.body, LIST_BODY_MAX),
        label=texts.choose,
        sections=(ListSection(rows=rows),),
        footer=texts.to_stop,
    )


def _description(option: Option) -> str | None:
    # A name that a row cannot hold stands below it in full.
    return option.description or (option.title if length_of(option.title) > ROW_TITLE_MAX else None)


def _question(conversation: Conversation, detail: CardDetail) -> Question | None:
    texts, pending, draft = texts_of(conversation.language), conversation.pending, conversation.draft
    match pending:
        case DeletePending():
            report = report_line(pending.report.number, pending.report.details, conversation.language, detail)
            options = (Option("delete", texts.delete), Option("keep", texts.keep))
            return Question(id=pending.id, version=0, body=texts.delete_question.format(report=report), options=options)
        case ErasePending():
            options = (Option("erase", texts.erase_button), Option("keep", texts.keep))
            return Question(id=pending.id, version=0, body=texts.erase_question, options=options)
        case PinPending():
            return Question(id=pending.id, version=0, body=texts.pin_question)
        case NewPinPending():
            return Question(id=pending.id, version=0, body=texts.pin_new)
        case None:
            pass
    if draft is not None and conversation.is_paused:
        options = (Option("resume", texts.resume), Option("discard", texts.discard))
        return Question(id=draft.id, version=draft.version, body=texts.paused, options=options)
    if draft is not None:
        return _of_draft(draft, texts, conversation.language, detail)
    if conversation.offer is not None:
        body = counted(texts.cancelled_waiting, len(conversation.files))
        options = (Option("next", texts.next_file), Option("discard_all", texts.discard_all))
        return Question(id=conversation.offer, version=0, body=body, options=options)
    return None


def _of_draft(draft: Draft, texts: Texts, language: Language, detail: CardDetail) -> Question | None:
    def ask(body: str, *options: Option, header: str | None = None, is_list: bool = False) -> Question:
        return Question(id=draft.id, version=draft.version, body=body, options=options, header=header, is_list=is_list)

    match draft.stage:
        case State.GROUPING:
            one, several = Option("one", texts.one_report), Option("separate", texts.separate)
            return ask(texts.grouping.format(count=len(draft.files)), one, several)
        case State.PASSWORD:
            file = draft.files[0].name or texts.a_file
            return ask(texts.locked_question.format(file=file))
        case State.DUPLICATE:
            choices = (
                Option("show", texts.show_it),
                Option("keep_both", texts.keep_both),
                Option("discard", texts.discard),
            )
            return ask(_duplicate(draft, texts, language), *choices)
        case State.ASK_DATE:
            return _date_question(draft, texts, language)
        case State.ASK_HOSPITAL:
            return _hospital_question(draft, texts)
        case State.ASK_TYPE:
            rows = (Option(f"type:{one}", texts.types[one].name, texts.types[one].description) for one in _types(draft))
            return ask(texts.type_question, *rows, is_list=True)
        case State.REVIEW if draft.asking == "change":
            names = (texts.slot_date, texts.slot_hospital, texts.slot_type, texts.slot_person, texts.slot_note)
            slots = (Option(f"change:{slot}", name) for slot, name in zip(SLOTS, names, strict=True))
            return ask(texts.change_question, *slots, is_list=True)
        case State.REVIEW if draft.asking == "person":
            return ask(texts.person_question, Option("no_person", texts.for_me))
        case State.REVIEW if draft.asking == "note":
            return ask(texts.note_question, Option("no_note", texts.no_note))
        case State.REVIEW:
            title = texts.card_title
            if draft.edits is not None:
                title = texts.card_title_edit.format(number=draft.edits)
            choices = (
                Option("save", texts.save),
                Option("change", texts.change),
                Option("cancel", texts.cancel),
            )
            return ask(card_body(draft.details, _pages(draft), language, detail), *choices, header=title)
        case _:
            return None


def _date_question(draft: Draft, texts: Texts, language: Language) -> Question:
    body, options = texts.date_question, list[Option]()
    if draft.dates:
        body = texts.date_which
        options = [Option(f"date:{one.iso}", date_text(one, language)) for one in draft.dates]
    elif draft.tries >= TRIES_BEFORE_SKIP:
        options = [Option("today", texts.use_today), Option("skip_date", texts.skip_date)]
    elif draft.guesses.dates:
        body = texts.date_question_guess
        options = [Option(f"date:{one.date.iso}", date_text(one.date, language)) for one in draft.guesses.dates]
    return Question(id=draft.id, version=draft.version, body=body, options=tuple(options))


def _hospital_question(draft: Draft, texts: Texts) -> Question:
    if draft.meant is not None:
        body = texts.hospital_meant.format(name=draft.meant.known)
        options = [Option("meant", texts.yes), Option("as_typed", texts.keep_mine)]
    else:
        body = texts.hospital_question_guess if draft.hospitals else texts.hospital_question
        options = [Option(f"hospital:{position}", name) for position, name in enumerate(draft.hospitals)]
        options.append(Option("skip_hospital", texts.skip))
    return Question(id=draft.id, version=draft.version, body=body, options=tuple(options))


def _types(draft: Draft) -> tuple[ReportType, ...]:
    return tuple(dict.fromkeys((*(guess.type for guess in draft.guesses.types), *REPORT_TYPES)))


def _duplicate(draft: Draft, texts: Texts, language: Language) -> str:
    outcome = draft.files[0].outcome
    if not isinstance(outcome, Ready) or outcome.duplicate_of is None:
        raise ValueError("a duplicate is of a report")
    same = outcome.duplicate_of
    if same.saved_on is None:
        return texts.duplicate_undated.format(number=same.number)
    return texts.duplicate.format(number=same.number, day=date_text(PartialDate.of(same.saved_on), language))


def _pages(draft: Draft) -> int:
    return sum(file.outcome.pages for file in draft.files if isinstance(file.outcome, Ready))
