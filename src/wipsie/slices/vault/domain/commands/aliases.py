"""The words of each command, in all languages at once: people mix them. No word stands for two commands."""

from __future__ import annotations

from wipsie.slices.vault.domain.commands.command import Verb
from wipsie.slices.vault.domain.languages import LANGUAGES, Language
from wipsie.slices.vault.domain.words import folded

_PHRASES: dict[Verb, dict[Language, str]] = {
    "help": {
        "en": "help, info, menu, commands, ?",
        "hi": "मदद, सहायता, हेल्प, madad",
        "es": "ayuda, comandos",
        "pt": "ajuda, socorro",
        "de": "hilfe, befehle",
    },
    "list": {
        "en": "list, reports, my reports",
        "hi": "सूची, लिस्ट, suchi",
        "es": "lista, listar, informes, mis informes",
        "pt": "lista, listar, relatórios, laudos, meus laudos",
        "de": "liste, berichte, meine berichte, befunde",
    },
    "get": {
        "en": "get, show, open, view",
        "hi": "दिखाओ, दिखाएँ, दिखाएं, देखो, खोलो, dikhao, dekho",
        "es": "ver, obtener, mostrar, abrir, muestra",
        "pt": "ver, obter, mostrar, abrir, mostra",
        "de": "zeige, zeig, zeigen, hole, öffnen, öffne",
    },
    "search": {
        "en": "search, find",
        "hi": "खोजो, खोज, खोजें, ढूँढो, ढूंढो, khojo, dhundo",
        "es": "buscar, busca",
        "pt": "buscar, busca, procurar, pesquisar",
        "de": "suche, suchen, finde, finden",
    },
    "edit": {
        "en": "edit, change, modify",
        "hi": "बदलो, बदलें, संपादित, badlo",
        "es": "editar, cambiar, modificar",
        "pt": "editar, alterar, mudar",
        "de": "ändern, ändere, bearbeiten, bearbeite, aendern",
    },
    "share": {
        "en": "share",
        "hi": "शेयर, साझा, शेयर करो, साझा करो",
        "es": "compartir, comparte",
        "pt": "compartilhar, partilhar",
        "de": "teilen, teile",
    },
    "unshare": {
        "en": "unshare, stop sharing",
        "hi": "अनशेयर, शेयर बंद, साझा बंद",
        "es": "dejar de compartir, no compartir",
        "pt": "parar de compartilhar, não compartilhar",
        "de": "nicht teilen, nicht mehr teilen",
    },
    "delete": {
        "en": "delete, remove",
        "hi": "हटाओ, हटाएँ, हटाएं, मिटाओ, डिलीट, hatao, mitao",
        "es": "borrar, borra, eliminar",
        "pt": "apagar, excluir, eliminar",
        "de": "löschen, lösche, loeschen, entfernen",
    },
    "undo": {
        "en": "undo",
        "hi": "वापस, वापस लाओ, wapas",
        "es": "deshacer",
        "pt": "desfazer",
        "de": "rückgängig, rueckgaengig, zurückholen",
    },
    "history": {
        "en": "history",
        "hi": "इतिहास, itihas",
        "es": "historial, historia",
        "pt": "histórico",
        "de": "verlauf, historie",
    },
    "export": {
        "en": "export",
        "hi": "निर्यात, एक्सपोर्ट",
        "es": "exportar",
        "pt": "exportar",
        "de": "exportieren, ausfuhr",
    },
    "language": {
        "en": "lang, language",
        "hi": "भाषा, bhasha",
        "es": "idioma, lengua",
        "pt": "idioma, língua",
        "de": "sprache",
    },
    "pin": {"en": "pin", "hi": "पिन", "es": "pin", "pt": "pin", "de": "pin"},
    "privacy": {
        "en": "privacy",
        "hi": "गोपनीयता, निजता, प्राइवेसी",
        "es": "privacidad",
        "pt": "privacidade",
        "de": "datenschutz",
    },
    "stop": {
        "en": "stop, unsubscribe",
        "hi": "बंद, बंद करो, रोको, स्टॉप, roko",
        "es": "alto, detener, parar",
        "pt": "parar, pare",
        "de": "stopp, beenden",
    },
    "cancel": {
        "en": "cancel, never mind",
        "hi": "रद्द, रद्द करो, रद्द करें, कैंसल",
        "es": "cancelar",
        "pt": "cancelar",
        "de": "abbrechen, abbruch",
    },
    "erase": {
        "en": "erase, erase all, erase everything, delete all, delete everything",
        "hi": "सब मिटाओ, सब हटाओ",
        "es": "borrar todo, eliminar todo",
        "pt": "apagar tudo, excluir tudo",
        "de": "alles löschen, alle löschen",
    },
}
PHRASES: dict[Verb, dict[Language, tuple[str, ...]]] = {
    verb: {language: tuple(map(folded, phrases.split(", "))) for language, phrases in by_language.items()}
    for verb, by_language in _PHRASES.items()
}
"""Folded; the first of each language is what texts in it call the command."""
VERB_OF: dict[str, Verb] = {
    phrase: verb for verb, by_language in PHRASES.items() for phrases in by_language.values() for phrase in phrases
}
PHRASE_WORDS_MAX = max(len(phrase.split()) for phrase in VERB_OF)

_LANGUAGE_NAMES: dict[Language, str] = {
    "en": "en, english, inglés, inglês, englisch, अंग्रेज़ी, अंग्रेजी, इंग्लिश",
    "hi": "hi, hindi, हिन्दी, हिंदी",
    "es": "es, español, castellano, spanish, spanisch, espanhol, स्पेनिश",
    "pt": "pt, português, portuguese, portugués, portugiesisch, पुर्तगाली",
    "de": "de, deutsch, german, alemán, alemão, जर्मन",
}
LANGUAGE_NAMED: dict[str, Language] = {
    folded(name): language for language in LANGUAGES for name in _LANGUAGE_NAMES[language].split(", ")
}

FILLERS = frozenset(
    folded(
        "report reports number no nr n num # my me all the please of from in a "
        "informe informes informes número mi mis el la los de del todos por favor "
        "relatório relatórios laudo laudos meu meus o os do "
        "bericht berichte befund befunde nummer mein meine meinen den der die von aus bitte alle "
        "रिपोर्ट नंबर मेरी मेरा मेरे की का के को सब कृपया"
    ).split()
)
"""Words beside a command that say nothing."""
FILE_WORDS = frozenset(
    folded("file pdf document doc फ़ाइल archivo documento fichero arquivo ficheiro datei dokument").split()
)
"""GET 12 FILE."""
PAGE_WORDS = frozenset(folded("page पेज पन्ना página pagina seite").split())
