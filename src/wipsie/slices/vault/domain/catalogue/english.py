"""English."""

from __future__ import annotations

from wipsie.slices.vault.domain.catalogue.texts import Texts, TypeText

ENGLISH = Texts(
    welcome=(
        "Hello! Send me medical reports as PDF or photo. I keep them safe, and find them again when you need them.\n\n"
        "• What is kept: your files, and the date, hospital and kind that you confirm.\n"
        "• Where: encrypted, by {keeper}. WhatsApp (Meta) may keep messages and files for up to 30 days.\n"
        "• Yours to erase: DELETE for one report, STOP to end everything and erase it.\n\n"
        "I do not give medical advice. Nothing is opened before you agree. Do you agree?"
    ),
    welcome_outdated="Our privacy text has changed since you agreed to it. Please have a look.",
    welcome_files="What you sent is here, and waits unopened.",
    agree="I agree",
    agree_words=("i agree", "agree", "agreed", "yes", "ok", "1"),
    not_now="Not now",
    privacy_button="Privacy",
    agreed="Thank you. Send me a report whenever you like, as PDF or photo. HELP shows what I can do.",
    agreed_files="Thank you. I am looking at what you sent.",
    declined="That is fine. Nothing was opened; what you sent is erased within a day. Write again whenever you like.",
    privacy=(
        "*Privacy, version {version}*\n\n"
        "*What is kept:* the files you send; date, hospital, kind, person and note, as you confirm them; words of the reports, "
        "so that you can search; a log of what was done with your reports, by whom and when.\n\n"
        "*Where:* by {keeper}. Every file is encrypted with a key of its own. Nothing is passed on, unless you share a link.\n\n"
        "*WhatsApp:* whatever you write or send here goes through WhatsApp. Meta may keep it for up to 30 days, and it stays in "
        "your own chat until you delete it there.\n\n"
        "*Erasing:* DELETE and a number hides a report at once; after {deleted_days} days its key is destroyed, and nobody can "
        "open it any more. STOP ends everything: your reports are erased after {erase_days} days, or at once if you wish.\n\n"
        "*Yours:* EXPORT gives you all reports to take along. HISTORY shows who opened what. PIN protects your reports if "
        "your number changes.\n\n"
        "I keep and find reports. I do not read them for you, and I do not give medical advice."
    ),
    keeper="the people who run this number",
    stopped=(
        "I have stopped. Nothing more is read or kept. Your saved reports are erased on {day}, unless you agree again before "
        "then. You can take them along, or have them erased now."
    ),
    stopped_empty="I have stopped. Nothing of yours is kept. Write again whenever you like.",
    export_button="Export",
    erase_button="Erase all",
    erase_question="Erase all your reports now? This cannot be undone, by anybody.",
    erased="Everything of yours is erased. Take care. Write again whenever you like.",
    a_photo="Your photo",
    a_file="Your file",
    still_working="Still reading your file. A moment, please.",
    takes_long="This takes longer than it should. Your file is safe; I will write as soon as it is checked.",
    delayed="I cannot check files right now. Yours is safe, and I will go on by myself as soon as I can.",
    reading_now="I am still reading your file. A moment, please. CANCEL stops it.",
    not_kept="{file} was not kept: {reason}",
    refusals={
        "incomplete": "it did not arrive whole. Please send it again as a document.",
        "kind": "I keep PDF files and photos (JPEG, PNG). Please send it as one of those.",
        "large": "it is larger than {mb} MB. Please send a smaller one.",
        "mismatch": "it is not what its name says. Please send the original PDF or photo.",
        "long": "it has too many pages or is too large a picture. Please send it in parts.",
        "virus": "the virus scanner found something in it. Please do not send it again.",
        "locked": "it is locked in a way I cannot open. Please send it without protection.",
        "gone": "WhatsApp does not have it any more. Please send it again.",
        "quota": "your vault is full. DELETE old reports to make room.",
        "other": "I could not read it. Please send it again, as a document.",
    },
    files_waiting=("{count} more file is waiting.", "{count} more files are waiting."),
    waiting_full="{count} files are waiting already. Please finish those first, and then send the others again.",
    files_limit="You sent {count} files within an hour, which is as many as I take. Please send the others later.",
    quota_full="Your vault is full, so I could not take this file. DELETE old reports to make room.",
    not_accepted="I keep PDF files and photos of reports. That one I cannot keep. HELP shows what I can do.",
    too_large="That file is over 100 MB, and WhatsApp did not pass it on. Please send a smaller one.",
    locked_question="{file} is locked. Please send its password.",
    locked_wrong="That did not open it. Please send the password once more.",
    locked_failed="{file} could not be opened, so it was not kept. Please send it again without a password.",
    duplicate="You saved this on {day} already, as report {number}.",
    duplicate_undated="You saved this already, as report {number}.",
    show_it="Show it",
    keep_both="Keep both",
    discard="Discard",
    grouping="{count} photos: are they pages of one report?",
    one_report="One report",
    separate="Separate reports",
    to_stop="CANCEL to stop",
    choose="Choose",
    yes_words=("yes", "y", "yep", "yeah", "ok", "okay", "sure"),
    no_words=("no", "n", "nope"),
    skip_words=("skip", "none", "not known", "unknown", "don't know"),
    skip="Skip",
    date_question="What is the date of this report? For example: 3 Nov 2025",
    date_question_guess="Which is the date of this report? You can also type it, for example: 3 Nov 2025",
    date_which="Which day do you mean?",
    date_future="That day is still to come. Please check it, for example: 3 Nov 2025",
    date_impossible="The calendar has no such day. Please check it, for example: 3 Nov 2025",
    date_before_birth="That is before you were born. Please check it, for example: 3 Nov 2025",
    date_incomplete="Please type the date with month and year, for example: 3 Nov 2025 or Nov 2025",
    date_unclear="I could not read that as a date. Please type it like this: 3 Nov 2025",
    use_today="Use today",
    skip_date="Skip date",
    hospital_question="Which hospital, laboratory or doctor is it from?",
    hospital_question_guess="Which hospital, laboratory or doctor is it from? Choose, or type the name.",
    hospital_length="Please type a name of 2 to 80 letters.",
    hospital_meant="Did you mean {name}?",
    yes="Yes",
    keep_mine="No, as I typed it",
    type_question="What kind of report is it?",
    type_unknown="Please choose a kind from the list, or type one of them.",
    types={
        "blood_test": TypeText("Blood test", "Blood, urine, any laboratory values"),
        "imaging": TypeText("Imaging", "X-ray, CT, MRI, ultrasound"),
        "prescription": TypeText("Prescription", "What a doctor prescribed"),
        "discharge_summary": TypeText("Discharge summary", "After a stay in hospital"),
        "vaccination": TypeText("Vaccination", "Vaccines and certificates"),
        "bill": TypeText("Bill, insurance", "Invoices, receipts, claims"),
        "other": TypeText("Other", "Anything else"),
    },
    person_question="Whom is this report for? Type a name.",
    person_length="Please type a name of at most 60 letters.",
    for_me="For me",
    me_words=("me", "myself", "for me", "mine"),
    note_question="What shall I note with it? Up to 200 letters.",
    note_length="That is too long. Please use at most 200 letters.",
    no_note="No note",
    card_title="Check the details",
    card_title_edit="Report {number}: check the details",
    card_person="For: {person}",
    card_note="Note: {note}",
    card_pages=("{count} page", "{count} pages"),
    card_hidden="Hospital and kind are noted, and not shown in the chat.",
    no_date="no date",
    no_hospital="no hospital",
    no_type="no kind",
    save="Save",
    save_words=("save", "save it"),
    change="Change",
    cancel="Cancel",
    change_question="What shall I change?",
    slot_date="Date",
    slot_hospital="Hospital",
    slot_type="Kind",
    slot_person="For whom",
    slot_note="Note",
    slot_words={
        "date": ("date", "day"),
        "hospital": ("hospital", "lab", "clinic"),
        "type": ("type", "kind"),
        "person": ("for whom", "for", "person"),
        "note": ("note", "remark", "comment"),
    },
    saved="Saved as report {number}.",
    saved_next="Saved as report {number}. Next file:",
    changed="Report {number} is changed.",
    first_hint="GET and its number brings it back, LIST shows all, HELP shows what else I can do.",
    being_saved="It is being saved right now. You can DELETE it afterwards.",
    save_failed="It is not saved yet. I keep your file and go on trying.",
    already_saved="That one is saved already, as report {number}.",
    cancelled="Discarded. Nothing of it was kept.",
    cancelled_edit="Report {number} stays as it was.",
    cancelled_waiting=("Discarded. {count} more file is waiting.", "Discarded. {count} more files are waiting."),
    next_file="Next file",
    discard_all="Discard all",
    discarded="All waiting files are discarded.",
    nothing_open="There is nothing to cancel. Send me a report, or HELP.",
    paused="Your report is not saved yet. I keep it for a day. Shall we go on?",
    resume="Resume",
    out_of_date="That card is out of date.",
    out_of_date_idle="That card is out of date. Send me a report, or LIST to see yours.",
    repeat_please="This took a while to reach me. Please send it again if you still want it.",
    finish_first="Let us finish this one first.",
    not_understood="I did not understand that. Send me a report as PDF or photo, or HELP.",
    help=(
        "*Send* a PDF or photo to save it.\n\n"
        "*LIST* shows your reports; LIST 2025, LIST BLOOD TEST\n"
        "*GET 12* opens report 12{file}\n"
        "*SEARCH* and words\n"
        "*EDIT 12* changes date, hospital, kind\n"
        "*SHARE 12* makes a link for your doctor\n"
        "*DELETE 12*, *UNDO*\n"
        "*HISTORY* shows what was done\n"
        "*EXPORT* gives you everything\n"
        "*PIN* protects your reports\n"
        "*LANG* changes the language\n"
        "*PRIVACY*, *STOP*, *CANCEL*"
    ),
    help_file="; GET 12 FILE sends it here",
    commands_limit="You sent many messages. Please take a break for an hour; files that wait are safe.",
    number_missing="Please add the number of the report, for example: {command} 12. LIST shows the numbers.",
    verbs={"get": "GET", "edit": "EDIT", "share": "SHARE", "unshare": "UNSHARE", "delete": "DELETE"},
    search_words_missing="Please add what to look for, for example: SEARCH sugar",
    delete_question="Delete this report?\n\n{report}",
    delete="Delete",
    keep="Keep",
    kept="It stays.",
    deleted="Report {number} is deleted. UNDO brings it back until {day}; then it is erased for ever.",
    undo="Undo",
    restored="Report {number} is back.",
    nothing_to_undo="There is nothing to bring back.",
    not_there="There is no report {number} of yours. LIST shows what there is.",
    pin_question="Please send your PIN of 6 digits.",
    pin_form="A PIN has 6 digits. Please send them alone.",
    pin_wrong=("That was not the PIN. {count} try left.", "That was not the PIN. {count} tries left."),
    pin_blocked=(
        "Too many wrong PINs. Please try again in {count} minute.",
        "Too many wrong PINs. Please try again in {count} minutes.",
    ),
    pin_missing=(
        "Your number or telephone changed, and no PIN had been set. So that nobody else sees them, your earlier reports stay "
        "closed. Please ask {keeper}. New reports can be saved."
    ),
    let_in=(
        "Your earlier reports are open to you again: {keeper} made sure that it is you. A PIN of before is not valid any more. "
        "Send PIN to choose one, so that I can ask you myself the next time."
    ),
    unsaved_discarded=(
        "Your number or telephone changed. So that nobody else sees it, what was not saved yet is discarded. Please send it "
        "again."
    ),
    pin_new="Which 6 digits shall be your PIN? I ask for them if your number changes.",
    pin_weak="That is too easy to guess. Please choose 6 other digits.",
    pin_set="Your PIN is set. Please delete your message with the PIN from this chat.",
    language_question="Which language shall I speak?",
    language_set="I speak English with you now.",
    list_title="Your reports, page {page}",
    list_empty="You have no saved reports yet. Send me one as PDF or photo.",
    list_none="No report is like that. LIST shows all.",
    list_more="More",
    list_next="LIST {page} shows more.",
    list_label="Show reports",
    report_title="Report {number}",
    search_title=("Found {count} report.", "Found {count} reports."),
    search_none="Nothing found. I look for whole words, in the details and in the reports.",
    link="{report}\n\n{url}\n\nThe link works once, within {minutes} minutes. Whoever has it can open the report.",
    share="{report}\n\n{url}\n\nPass this link on. It works for {hours} hours, and I tell you when it is opened.",
    stop_sharing="Stop sharing",
    unshared="Links to report {number} do not work any more.",
    share_opened="The link you shared to report {number} was opened.",
    history_title="What was done with your reports",
    history_title_report="What was done with report {number}",
    history_empty="Nothing was done yet.",
    actions={
        "saved": "saved",
        "changed": "changed",
        "viewed": "shown",
        "opened": "file opened",
        "link_made": "link made",
        "link_opened": "link opened",
        "pages_seen": "pages shown",
        "reordered": "pages put in order",
        "links_ended": "links ended",
        "deleted": "deleted",
        "restored": "brought back",
        "erased": "erased",
        "exported": "exported",
        "listed": "list shown",
        "searched": "searched",
        "agreed": "you agreed to the privacy text",
        "stopped": "you sent STOP",
        "pin_set": "PIN set",
        "pin_wrong": "wrong PIN",
        "unlocked": "opened to you again",
    },
    by_staff="{action}, by staff",
    by_link="{action}, by a link",
    export_started="I am putting your reports together. I will write when they are ready.",
    export_ready="Your reports are ready: {count}.\n\n{url}\n\nThe link works for {hours} hours. Keep the file in a safe place.",
    export_failed="Your reports could not be put together. Please try EXPORT again later.",
    export_empty="There is nothing to export yet.",
)
