"""Everything the vault says, by name: a language is complete, or it cannot be made.

Gaps stand in braces and are the same in every language. `Counted` has a form for one and one for any other number. Words in
capitals are commands, as that language has them. How long each may be follows from where it is shown: buttons 20 characters,
titles of rows 24, descriptions 72, footers and headers 60; the tests hold every message to it with the longest values.
"""

from __future__ import annotations

import msgspec

from wipsie.slices.vault.domain.catalogue.report_types import ReportType

Counted = tuple[str, str]


class TypeText(msgspec.Struct, frozen=True):
    """A kind of report, as a row of a list."""

    name: str
    description: str


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """One language."""

    # Agreeing, and taking it back.
    welcome: str
    """{keeper}"""
    welcome_outdated: str
    """Before the welcome, when the text is another than they agreed to."""
    welcome_files: str
    """Before the welcome, when files wait."""
    agree: str
    agree_words: tuple[str, ...]
    """Typed instead of the button."""
    not_now: str
    privacy_button: str
    agreed: str
    agreed_files: str
    declined: str
    privacy: str
    """{version} {keeper} {erase_days} {deleted_days}"""
    keeper: str
    """Who keeps the reports, where the operator did not say."""
    stopped: str
    """{day}"""
    stopped_empty: str
    """STOP of somebody who had not agreed."""
    export_button: str
    erase_button: str
    erase_question: str
    erased: str

    # Files.
    a_photo: str
    a_file: str
    still_working: str
    takes_long: str
    delayed: str
    reading_now: str
    """In answer to words while files are read."""
    not_kept: str
    """{file} {reason}"""
    refusals: dict[str, str]
    """By what is wrong; {mb}. `other` for any reason that has none."""
    files_waiting: Counted
    """{count}"""
    waiting_full: str
    """{count}"""
    files_limit: str
    """{count}"""
    quota_full: str
    not_accepted: str
    too_large: str
    locked_question: str
    """{file}"""
    locked_wrong: str
    locked_failed: str
    """{file}"""
    duplicate: str
    """{number} {day}"""
    duplicate_undated: str
    """{number}"""
    show_it: str
    keep_both: str
    discard: str
    grouping: str
    """{count}"""
    one_report: str
    separate: str

    # Questions.
    to_stop: str
    """Below every question: how to end it."""
    choose: str
    """On the button that opens a list."""
    yes_words: tuple[str, ...]
    no_words: tuple[str, ...]
    skip_words: tuple[str, ...]
    skip: str
    date_question: str
    date_question_guess: str
    date_which: str
    """Between the readings of what they typed."""
    date_future: str
    date_impossible: str
    date_before_birth: str
    date_incomplete: str
    date_unclear: str
    use_today: str
    skip_date: str
    hospital_question: str
    hospital_question_guess: str
    hospital_length: str
    hospital_meant: str
    """{name}"""
    yes: str
    keep_mine: str
    type_question: str
    type_unknown: str
    types: dict[ReportType, TypeText]
    person_question: str
    person_length: str
    for_me: str
    me_words: tuple[str, ...]
    note_question: str
    note_length: str
    no_note: str

    # The card.
    card_title: str
    card_title_edit: str
    """{number}"""
    card_person: str
    """{person}"""
    card_note: str
    """{note}"""
    card_pages: Counted
    """{count}"""
    card_hidden: str
    """Hospital and kind are noted, and not shown here."""
    no_date: str
    no_hospital: str
    no_type: str
    save: str
    save_words: tuple[str, ...]
    change: str
    cancel: str
    change_question: str
    slot_date: str
    slot_hospital: str
    slot_type: str
    slot_person: str
    slot_note: str
    slot_words: dict[str, tuple[str, ...]]
    """What people call each slot when they type it, such as: date 5 nov."""

    # Saving, leaving, coming back.
    saved: str
    """{number}"""
    saved_next: str
    """{number}"""
    changed: str
    """{number}"""
    first_hint: str
    being_saved: str
    save_failed: str
    already_saved: str
    """{number}"""
    cancelled: str
    cancelled_edit: str
    """{number}"""
    cancelled_waiting: Counted
    """{count}"""
    next_file: str
    discard_all: str
    discarded: str
    nothing_open: str
    paused: str
    resume: str
    out_of_date: str
    out_of_date_idle: str
    repeat_please: str
    finish_first: str
    not_understood: str
    help: str
    """{file}: whether GET n FILE is possible."""
    help_file: str
    commands_limit: str
    number_missing: str
    """{command}"""
    verbs: dict[str, str]
    """What commands are called that want a number."""
    search_words_missing: str

    # Deleting.
    delete_question: str
    """{report}"""
    delete: str
    keep: str
    kept: str
    deleted: str
    """{number} {day}"""
    undo: str
    restored: str
    """{number}"""
    nothing_to_undo: str
    not_there: str
    """{number}"""

    # The PIN.
    pin_question: str
    pin_form: str
    pin_wrong: Counted
    """{count} tries left."""
    pin_blocked: Counted
    """{count} minutes."""
    pin_missing: str
    """Needed, and there is none. {keeper}"""
    let_in: str
    """Staff made sure who they are. {keeper}"""
    unsaved_discarded: str
    """Their telephone changed in the middle of a report."""
    pin_new: str
    pin_weak: str
    pin_set: str

    # Languages.
    language_question: str
    language_set: str

    # Answers.
    list_title: str
    """{page}"""
    list_empty: str
    list_none: str
    """With a filter."""
    list_more: str
    """A row that shows the next page."""
    list_next: str
    """{page}: how to see it, where there is no room for the row."""
    list_label: str
    report_title: str
    """{number}"""
    search_title: Counted
    """{count}"""
    search_none: str
    link: str
    """{report} {url} {minutes}"""
    share: str
    """{report} {url} {hours}"""
    stop_sharing: str
    unshared: str
    """{number}"""
    share_opened: str
    """{number}: a shared link was opened."""
    history_title: str
    history_title_report: str
    """{number}"""
    history_empty: str
    actions: dict[str, str]
    """Lines of the history, by what was done."""
    by_staff: str
    """{action}"""
    by_link: str
    """{action}"""
    export_started: str
    export_ready: str
    """{count} {url} {hours}"""
    export_failed: str
    export_empty: str
