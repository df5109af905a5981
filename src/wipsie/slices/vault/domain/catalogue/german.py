"""Deutsch."""

from __future__ import annotations

from wipsie.slices.vault.domain.catalogue.texts import Texts, TypeText

GERMAN = Texts(
    welcome=(
        "Hallo! Schick mir medizinische Berichte als PDF oder Foto. Ich bewahre sie sicher auf und finde sie wieder, wenn du "
        "sie brauchst.\n\n"
        "• Was aufbewahrt wird: deine Dateien, dazu Datum, Krankenhaus und Art, wie du sie bestätigst.\n"
        "• Wo: verschlüsselt, bei {keeper}. WhatsApp (Meta) kann Nachrichten und Dateien bis zu 30 Tage behalten.\n"
        "• Löschen kannst du jederzeit: LÖSCHEN für einen Bericht, STOPP beendet und löscht alles.\n\n"
        "Medizinischen Rat gebe ich nicht. Bevor du zustimmst, wird nichts geöffnet. Stimmst du zu?"
    ),
    welcome_outdated="Unser Text zum Datenschutz hat sich geändert, seit du zugestimmt hast. Bitte sieh ihn dir an.",
    welcome_files="Was du geschickt hast, ist da und wartet ungeöffnet.",
    agree="Ich stimme zu",
    agree_words=("ich stimme zu", "stimme zu", "zustimmen", "einverstanden", "ja", "ok", "1"),
    not_now="Jetzt nicht",
    privacy_button="Datenschutz",
    agreed="Danke. Schick mir einen Bericht, wann immer du magst, als PDF oder Foto. HILFE zeigt, was ich kann.",
    agreed_files="Danke. Ich sehe mir an, was du geschickt hast.",
    declined=(
        "In Ordnung. Nichts wurde geöffnet; was du geschickt hast, wird innerhalb eines Tages gelöscht. Schreib wieder, wann "
        "immer du magst."
    ),
    privacy=(
        "*Datenschutz, Fassung {version}*\n\n"
        "*Was aufbewahrt wird:* die Dateien, die du schickst; Datum, Krankenhaus, Art, Person und Notiz, wie du sie bestätigst; "
        "Wörter aus den Berichten, damit du suchen kannst; ein Protokoll, was mit deinen Berichten geschah, durch wen und wann.\n\n"
        "*Wo:* bei {keeper}. Jede Datei ist mit einem eigenen Schlüssel verschlüsselt. Nichts wird weitergegeben, außer du teilst "
        "einen Link.\n\n"
        "*WhatsApp:* Was du hier schreibst oder schickst, geht durch WhatsApp. Meta kann es bis zu 30 Tage behalten, und in deinem "
        "eigenen Chat bleibt es, bis du es dort löschst.\n\n"
        "*Löschen:* LÖSCHEN und eine Nummer verbirgt einen Bericht sofort; nach {deleted_days} Tagen wird sein Schlüssel "
        "vernichtet, und niemand kann ihn mehr öffnen. STOPP beendet alles: deine Berichte werden nach {erase_days} Tagen gelöscht, "
        "oder sofort, wenn du willst.\n\n"
        "*Deins:* EXPORTIEREN gibt dir alle Berichte zum Mitnehmen. VERLAUF zeigt, wer was geöffnet hat. PIN schützt deine "
        "Berichte, falls sich deine Nummer ändert.\n\n"
        "Ich bewahre Berichte auf und finde sie wieder. Ich deute sie nicht, und medizinischen Rat gebe ich nicht."
    ),
    keeper="den Betreibern dieser Nummer",
    stopped=(
        "Ich habe aufgehört. Nichts wird mehr gelesen oder aufbewahrt. Deine gespeicherten Berichte werden am {day} gelöscht, "
        "außer du stimmst vorher wieder zu. Du kannst sie mitnehmen oder gleich löschen lassen."
    ),
    stopped_empty="Ich habe aufgehört. Von dir ist nichts aufbewahrt. Schreib wieder, wann immer du magst.",
    export_button="Exportieren",
    erase_button="Alles löschen",
    erase_question="Alle deine Berichte jetzt löschen? Das kann niemand rückgängig machen.",
    erased="Alles von dir ist gelöscht. Alles Gute. Schreib wieder, wann immer du magst.",
    a_photo="Dein Foto",
    a_file="Deine Datei",
    still_working="Ich lese deine Datei noch. Einen Moment, bitte.",
    takes_long="Das dauert länger als es sollte. Deine Datei ist sicher; ich schreibe, sobald sie geprüft ist.",
    delayed="Ich kann gerade keine Dateien prüfen. Deine ist sicher, und ich mache von selbst weiter, sobald es geht.",
    reading_now="Ich lese deine Datei noch. Einen Moment, bitte. ABBRECHEN beendet es.",
    not_kept="{file} wurde nicht aufbewahrt: {reason}",
    refusals={
        "incomplete": "sie kam nicht vollständig an. Bitte schick sie noch einmal als Dokument.",
        "kind": "ich bewahre PDF-Dateien und Fotos (JPEG, PNG) auf. Bitte schick sie als eines davon.",
        "large": "sie ist größer als {mb} MB. Bitte schick eine kleinere.",
        "mismatch": "sie ist nicht das, was ihr Name sagt. Bitte schick das ursprüngliche PDF oder Foto.",
        "long": "sie hat zu viele Seiten oder ist ein zu großes Bild. Bitte schick sie in Teilen.",
        "virus": "der Virenscanner hat etwas darin gefunden. Bitte schick sie nicht noch einmal.",
        "locked": "sie ist auf eine Weise gesperrt, die ich nicht öffnen kann. Bitte schick sie ohne Schutz.",
        "gone": "WhatsApp hat sie nicht mehr. Bitte schick sie noch einmal.",
        "quota": "dein Speicher ist voll. Mit LÖSCHEN machst du Platz.",
        "other": "ich konnte sie nicht lesen. Bitte schick sie noch einmal, als Dokument.",
    },
    files_waiting=("{count} weitere Datei wartet.", "{count} weitere Dateien warten."),
    waiting_full="Es warten schon {count} Dateien. Bitte mach diese erst fertig und schick die anderen dann noch einmal.",
    files_limit="Du hast in einer Stunde {count} Dateien geschickt, mehr nehme ich nicht. Bitte schick die anderen später.",
    quota_full="Dein Speicher ist voll, diese Datei konnte ich nicht nehmen. Mit LÖSCHEN machst du Platz.",
    not_accepted="Ich bewahre PDF-Dateien und Fotos von Berichten auf. Das hier kann ich nicht. HILFE zeigt, was ich kann.",
    too_large="Diese Datei ist über 100 MB groß, WhatsApp hat sie nicht weitergegeben. Bitte schick eine kleinere.",
    locked_question="{file} ist gesperrt. Bitte schick das Passwort dazu.",
    locked_wrong="Damit ging sie nicht auf. Bitte schick das Passwort noch einmal.",
    locked_failed="{file} ließ sich nicht öffnen und wurde nicht aufbewahrt. Bitte schick sie noch einmal ohne Passwort.",
    duplicate="Das hast du am {day} schon gespeichert, als Bericht {number}.",
    duplicate_undated="Das hast du schon gespeichert, als Bericht {number}.",
    show_it="Zeigen",
    keep_both="Beide behalten",
    discard="Verwerfen",
    grouping="{count} Fotos: sind das Seiten eines Berichts?",
    one_report="Ein Bericht",
    separate="Einzelne Berichte",
    to_stop="ABBRECHEN beendet es",
    choose="Auswählen",
    yes_words=("ja", "j", "jo", "ok", "okay", "klar", "genau"),
    no_words=("nein", "n", "nee"),
    skip_words=("weglassen", "überspringen", "keins", "keines", "weiß nicht", "unbekannt"),
    skip="Weglassen",
    date_question="Von wann ist dieser Bericht? Zum Beispiel: 3. Nov. 2025",
    date_question_guess="Von wann ist dieser Bericht? Du kannst das Datum auch schreiben, zum Beispiel: 3. Nov. 2025",
    date_which="Welchen Tag meinst du?",
    date_future="Dieser Tag kommt erst noch. Bitte sieh nach, zum Beispiel: 3. Nov. 2025",
    date_impossible="Diesen Tag hat kein Kalender. Bitte sieh nach, zum Beispiel: 3. Nov. 2025",
    date_before_birth="Das ist vor deiner Geburt. Bitte sieh nach, zum Beispiel: 3. Nov. 2025",
    date_incomplete="Bitte schreib das Datum mit Monat und Jahr, zum Beispiel: 3. Nov. 2025 oder Nov. 2025",
    date_unclear="Das konnte ich nicht als Datum lesen. Bitte schreib es so: 3. Nov. 2025",
    use_today="Heute nehmen",
    skip_date="Datum weglassen",
    hospital_question="Von welchem Krankenhaus, Labor oder Arzt ist er?",
    hospital_question_guess="Von welchem Krankenhaus, Labor oder Arzt ist er? Wähle aus, oder schreib den Namen.",
    hospital_length="Bitte schreib einen Namen mit 2 bis 80 Buchstaben.",
    hospital_meant="Meinst du {name}?",
    yes="Ja",
    keep_mine="Nein, wie getippt",
    type_question="Was für ein Bericht ist es?",
    type_unknown="Bitte wähle eine Art aus der Liste, oder schreib eine davon.",
    types={
        "blood_test": TypeText("Bluttest", "Blut, Urin und alle Laborwerte"),
        "imaging": TypeText("Bildgebung", "Röntgen, CT, MRT, Ultraschall"),
        "prescription": TypeText("Rezept", "Was ein Arzt verordnet hat"),
        "discharge_summary": TypeText("Entlassungsbrief", "Nach einem Aufenthalt im Krankenhaus"),
        "vaccination": TypeText("Impfung", "Impfungen und Bescheinigungen"),
        "bill": TypeText("Rechnung, Versicherung", "Rechnungen, Quittungen, Anträge"),
        "other": TypeText("Anderes", "Alles Übrige"),
    },
    person_question="Für wen ist dieser Bericht? Schreib einen Namen.",
    person_length="Bitte schreib einen Namen mit höchstens 60 Buchstaben.",
    for_me="Für mich",
    me_words=("ich", "mich", "für mich", "mir"),
    note_question="Was soll ich dazu notieren? Bis zu 200 Zeichen.",
    note_length="Das ist zu lang. Bitte nimm höchstens 200 Zeichen.",
    no_note="Keine Notiz",
    card_title="Stimmt das so?",
    card_title_edit="Bericht {number}: stimmt das so?",
    card_person="Für: {person}",
    card_note="Notiz: {note}",
    card_pages=("{count} Seite", "{count} Seiten"),
    card_hidden="Krankenhaus und Art sind notiert und werden im Chat nicht gezeigt.",
    no_date="ohne Datum",
    no_hospital="ohne Krankenhaus",
    no_type="ohne Art",
    save="Speichern",
    save_words=("speichern", "speichere", "sichern"),
    change="Ändern",
    cancel="Abbrechen",
    change_question="Was soll ich ändern?",
    slot_date="Datum",
    slot_hospital="Krankenhaus",
    slot_type="Art",
    slot_person="Für wen",
    slot_note="Notiz",
    slot_words={
        "date": ("datum", "tag"),
        "hospital": ("krankenhaus", "klinik", "labor", "praxis"),
        "type": ("art", "typ"),
        "person": ("für wen", "für", "person"),
        "note": ("notiz", "bemerkung"),
    },
    saved="Gespeichert als Bericht {number}.",
    saved_next="Gespeichert als Bericht {number}. Die nächste Datei:",
    changed="Bericht {number} ist geändert.",
    first_hint="ZEIGE und seine Nummer holt ihn wieder, LISTE zeigt alle, HILFE zeigt, was ich noch kann.",
    being_saved="Er wird gerade gespeichert. Danach kannst du ihn LÖSCHEN.",
    save_failed="Noch ist er nicht gespeichert. Ich behalte deine Datei und versuche es weiter.",
    already_saved="Den hast du schon gespeichert, als Bericht {number}.",
    cancelled="Verworfen. Nichts davon wurde aufbewahrt.",
    cancelled_edit="Bericht {number} bleibt, wie er war.",
    cancelled_waiting=("Verworfen. {count} weitere Datei wartet.", "Verworfen. {count} weitere Dateien warten."),
    next_file="Nächste Datei",
    discard_all="Alle verwerfen",
    discarded="Alle wartenden Dateien sind verworfen.",
    nothing_open="Es gibt nichts abzubrechen. Schick mir einen Bericht, oder HILFE.",
    paused="Dein Bericht ist noch nicht gespeichert. Ich behalte ihn einen Tag lang. Machen wir weiter?",
    resume="Weitermachen",
    out_of_date="Diese Karte gilt nicht mehr.",
    out_of_date_idle="Diese Karte gilt nicht mehr. Schick mir einen Bericht, oder LISTE für deine Berichte.",
    repeat_please="Das hat lange zu mir gebraucht. Bitte schick es noch einmal, wenn du es noch willst.",
    finish_first="Machen wir erst diesen hier fertig.",
    not_understood="Das habe ich nicht verstanden. Schick mir einen Bericht als PDF oder Foto, oder HILFE.",
    help=(
        "*Schick* ein PDF oder Foto, um es zu speichern.\n\n"
        "*LISTE* zeigt deine Berichte; LISTE 2025, LISTE BLUTTEST\n"
        "*ZEIGE 12* öffnet Bericht 12{file}\n"
        "*SUCHE* und Wörter\n"
        "*ÄNDERN 12* ändert Datum, Krankenhaus, Art\n"
        "*TEILEN 12* macht einen Link für deinen Arzt\n"
        "*LÖSCHEN 12*, *RÜCKGÄNGIG*\n"
        "*VERLAUF* zeigt, was geschah\n"
        "*EXPORTIEREN* gibt dir alles\n"
        "*PIN* schützt deine Berichte\n"
        "*SPRACHE* wechselt die Sprache\n"
        "*DATENSCHUTZ*, *STOPP*, *ABBRECHEN*"
    ),
    help_file="; ZEIGE 12 DATEI schickt ihn hierher",
    commands_limit="Du hast viele Nachrichten geschickt. Bitte mach eine Stunde Pause; wartende Dateien sind sicher.",
    number_missing="Bitte schreib die Nummer des Berichts dazu, zum Beispiel: {command} 12. LISTE zeigt die Nummern.",
    verbs={"get": "ZEIGE", "edit": "ÄNDERN", "share": "TEILEN", "unshare": "NICHT TEILEN", "delete": "LÖSCHEN"},
    search_words_missing="Bitte schreib dazu, was ich suchen soll, zum Beispiel: SUCHE Zucker",
    delete_question="Diesen Bericht löschen?\n\n{report}",
    delete="Löschen",
    keep="Behalten",
    kept="Alles bleibt, wie es ist.",
    deleted="Bericht {number} ist gelöscht. RÜCKGÄNGIG holt ihn bis {day} zurück; dann ist er für immer gelöscht.",
    undo="Zurückholen",
    restored="Bericht {number} ist wieder da.",
    nothing_to_undo="Es gibt nichts zurückzuholen.",
    not_there="Du hast keinen Bericht {number}. LISTE zeigt, was da ist.",
    pin_question="Bitte schick deine PIN mit 6 Ziffern.",
    pin_form="Eine PIN hat 6 Ziffern. Bitte schick sie allein.",
    pin_wrong=("Das war nicht die PIN. Noch {count} Versuch.", "Das war nicht die PIN. Noch {count} Versuche."),
    pin_blocked=(
        "Zu viele falsche PINs. Bitte versuch es in {count} Minute wieder.",
        "Zu viele falsche PINs. Bitte versuch es in {count} Minuten wieder.",
    ),
    pin_missing=(
        "Deine Nummer oder dein Telefon hat sich geändert, und es gab keine PIN. Damit niemand sonst sie sieht, bleiben deine "
        "früheren Berichte zu. Bitte frag bei {keeper} nach. Neue Berichte kannst du speichern."
    ),
    let_in=(
        "Deine früheren Berichte sind wieder offen: Dass du es bist, hat sich bei {keeper} bestätigt. Eine PIN von früher gilt "
        "nicht mehr. Schick PIN und wähle eine, dann kann ich beim nächsten Mal selbst fragen."
    ),
    unsaved_discarded=(
        "Deine Nummer oder dein Telefon hat sich geändert. Damit niemand sonst es sieht, ist verworfen, was noch nicht "
        "gespeichert war. Bitte schick es noch einmal."
    ),
    pin_new="Welche 6 Ziffern sollen deine PIN sein? Ich frage danach, wenn sich deine Nummer ändert.",
    pin_weak="Das ist zu leicht zu erraten. Bitte nimm 6 andere Ziffern.",
    pin_set="Deine PIN gilt. Bitte lösche deine Nachricht mit der PIN aus diesem Chat.",
    language_question="Welche Sprache soll ich sprechen?",
    language_set="Ich spreche jetzt Deutsch mit dir.",
    list_title="Deine Berichte, Seite {page}",
    list_empty="Du hast noch keine Berichte gespeichert. Schick mir einen als PDF oder Foto.",
    list_none="So einen Bericht gibt es nicht. LISTE zeigt alle.",
    list_more="Mehr",
    list_next="LISTE {page} zeigt mehr.",
    list_label="Berichte zeigen",
    report_title="Bericht {number}",
    search_title=("{count} Bericht gefunden.", "{count} Berichte gefunden."),
    search_none="Nichts gefunden. Ich suche ganze Wörter, in den Angaben und in den Berichten.",
    link="{report}\n\n{url}\n\nDer Link gilt einmal, {minutes} Minuten lang. Wer ihn hat, kann den Bericht öffnen.",
    share=(
        "{report}\n\n{url}\n\nDiesen Link kannst du weitergeben. Er gilt {hours} Stunden, und ich sage dir, wenn er geöffnet wird."
    ),
    stop_sharing="Nicht mehr teilen",
    unshared="Links zu Bericht {number} gelten nicht mehr.",
    share_opened="Der Link zu Bericht {number}, den du geteilt hast, wurde geöffnet.",
    history_title="Was mit deinen Berichten geschah",
    history_title_report="Was mit Bericht {number} geschah",
    history_empty="Noch ist nichts geschehen.",
    actions={
        "saved": "gespeichert",
        "changed": "geändert",
        "viewed": "gezeigt",
        "opened": "Datei geöffnet",
        "link_made": "Link gemacht",
        "link_opened": "Link geöffnet",
        "pages_seen": "Seiten gezeigt",
        "reordered": "Seiten geordnet",
        "links_ended": "Links beendet",
        "deleted": "gelöscht",
        "restored": "zurückgeholt",
        "erased": "endgültig gelöscht",
        "exported": "exportiert",
        "listed": "Liste gezeigt",
        "searched": "gesucht",
        "agreed": "du hast dem Datenschutz zugestimmt",
        "stopped": "du hast STOPP geschickt",
        "pin_set": "PIN gesetzt",
        "pin_wrong": "falsche PIN",
        "unlocked": "wieder für dich geöffnet",
    },
    by_staff="{action}, von Mitarbeitern",
    by_link="{action}, über einen Link",
    export_started="Ich stelle deine Berichte zusammen. Ich schreibe, wenn sie fertig sind.",
    export_ready=(
        "Deine Berichte sind fertig: {count}.\n\n{url}\n\nDer Link gilt {hours} Stunden. Bewahre die Datei an einem sicheren Ort auf."
    ),
    export_failed="Deine Berichte ließen sich nicht zusammenstellen. Bitte versuch es später noch einmal mit EXPORTIEREN.",
    export_empty="Es gibt noch nichts zu exportieren.",
)
