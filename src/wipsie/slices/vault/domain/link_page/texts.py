"""What the pages of links say, in every language of the vault."""

from __future__ import annotations

from typing import Final

import msgspec

from wipsie.slices.vault.domain.languages import Language


class LinkTexts(msgspec.Struct, frozen=True, kw_only=True):
    """One language. Gaps stand in braces."""

    ask_title: str
    ask: str
    download: str
    look: str
    refused_title: str
    refused: str
    report: str
    """{number}"""
    look_intro: str
    order_intro: str
    page: str
    """{number}"""
    pdf: str
    """{number}"""
    no_picture: str
    up: str
    """{number}"""
    down: str
    """{number}"""
    moved: str
    """{page} {to}"""
    stale: str


LINK_TEXTS: Final[dict[Language, LinkTexts]] = {
    "en": LinkTexts(
        ask_title="A file is waiting for you",
        ask="It is downloaded when you press the button. Whoever it belongs to can see that it was opened.",
        download="Download",
        look="See the pages first",
        refused_title="This link does not open anything",
        refused="It is over, was used, or was taken back. Ask for a new one.",
        report="Report {number}",
        look_intro="These are its pages, small. Whoever it belongs to can see that you looked.",
        order_intro="The arrows move a page up or down, and the new order is kept at once. The link ends with the download.",
        page="Page {number}",
        pdf="File {number}, a PDF: its first page",
        no_picture="No picture",
        up="Move page {number} up",
        down="Move page {number} down",
        moved="What was page {page} is page {to} now.",
        stale="Nothing was moved: the report had been changed meanwhile. This is how it is now.",
    ),
    "hi": LinkTexts(
        ask_title="आपके लिए एक फ़ाइल है",
        ask="बटन दबाने पर यह डाउनलोड होगी। यह जिसकी है, वह देख सकता है कि इसे खोला गया।",
        download="डाउनलोड करें",
        look="पहले पन्ने देखें",
        refused_title="यह लिंक नहीं खुलता",
        refused="इसका समय पूरा हो गया, यह इस्तेमाल हो चुका, या वापस ले लिया गया। नया लिंक माँगें।",
        report="रिपोर्ट {number}",
        look_intro="ये इसके पन्ने हैं, छोटे आकार में। यह जिसकी है, वह देख सकता है कि आपने इन्हें देखा।",
        order_intro="तीर दबाने पर पन्ना ऊपर या नीचे जाता है, और नया क्रम तुरंत रख लिया जाता है। डाउनलोड के बाद यह लिंक बंद हो जाता है।",
        page="पन्ना {number}",
        pdf="फ़ाइल {number}, PDF: इसका पहला पन्ना",
        no_picture="तस्वीर नहीं है",
        up="पन्ना {number} ऊपर ले जाएँ",
        down="पन्ना {number} नीचे ले जाएँ",
        moved="जो पन्ना {page} था, वह अब पन्ना {to} है।",
        stale="कुछ नहीं बदला गया: इस बीच रिपोर्ट बदल चुकी थी। अब वह ऐसी है।",
    ),
    "es": LinkTexts(
        ask_title="Hay un archivo para usted",
        ask="Se descarga al pulsar el botón. La persona a quien pertenece puede ver que se abrió.",
        download="Descargar",
        look="Ver antes las páginas",
        refused_title="Este enlace no abre nada",
        refused="Ha caducado, ya se usó o fue retirado. Pida uno nuevo.",
        report="Informe {number}",
        look_intro="Estas son sus páginas, en pequeño. La persona a quien pertenece puede ver que usted las miró.",
        order_intro="Las flechas suben o bajan una página, y el nuevo orden se guarda en el acto. El enlace termina con la descarga.",
        page="Página {number}",
        pdf="Archivo {number}, un PDF: su primera página",
        no_picture="Sin imagen",
        up="Subir la página {number}",
        down="Bajar la página {number}",
        moved="La que era la página {page} es ahora la página {to}.",
        stale="No se movió nada: el informe había cambiado entretanto. Así está ahora.",
    ),
    "pt": LinkTexts(
        ask_title="Há um arquivo para você",
        ask="Ele é baixado quando você toca no botão. A pessoa a quem pertence pode ver que foi aberto.",
        download="Baixar",
        look="Ver as páginas antes",
        refused_title="Este link não abre nada",
        refused="Ele expirou, já foi usado ou foi retirado. Peça um novo.",
        report="Laudo {number}",
        look_intro="Estas são as páginas, em tamanho pequeno. A pessoa a quem pertence pode ver que você olhou.",
        order_intro="As setas sobem ou descem uma página, e a nova ordem é guardada na hora. O link termina com o download.",
        page="Página {number}",
        pdf="Arquivo {number}, um PDF: a primeira página",
        no_picture="Sem imagem",
        up="Subir a página {number}",
        down="Descer a página {number}",
        moved="A que era a página {page} agora é a página {to}.",
        stale="Nada foi movido: o laudo tinha mudado nesse meio-tempo. Agora ele está assim.",
    ),
    "de": LinkTexts(
        ask_title="Eine Datei liegt für Sie bereit",
        ask="Sie wird geladen, sobald Sie auf den Knopf drücken. Wem sie gehört, kann sehen, dass sie geöffnet wurde.",
        download="Herunterladen",
        look="Erst die Seiten ansehen",
        refused_title="Dieser Link öffnet nichts",
        refused="Er ist abgelaufen, verbraucht oder zurückgenommen. Bitten Sie um einen neuen.",
        report="Bericht {number}",
        look_intro="Das sind seine Seiten, verkleinert. Wem er gehört, kann sehen, dass Sie hineingesehen haben.",
        order_intro=(
            "Mit den Pfeilen rückt eine Seite nach oben oder unten; die neue Reihenfolge gilt sofort. Der Link endet mit dem Herunterladen."
        ),
        page="Seite {number}",
        pdf="Datei {number}, ein PDF: seine erste Seite",
        no_picture="Kein Bild",
        up="Seite {number} nach oben",
        down="Seite {number} nach unten",
        moved="Was Seite {page} war, ist jetzt Seite {to}.",
        stale="Nichts wurde verschoben: Der Bericht hatte sich inzwischen geändert. So sieht er jetzt aus.",
    ),
}
