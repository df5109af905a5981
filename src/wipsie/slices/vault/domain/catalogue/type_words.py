"""What people call the kinds of reports when they type, in any language of the vault."""

from __future__ import annotations

from wipsie.slices.vault.domain.catalogue.report_types import ReportType
from wipsie.slices.vault.domain.words import folded

_PHRASES: dict[ReportType, str] = {
    "blood_test": (
        "blood, blood test, blood tests, blood report, bloodwork, blood work, lab, lab test, lab report, cbc, sugar, urine, "
        "खून, खून की जाँच, खून की जांच, रक्त जाँच, रक्त जांच, ब्लड टेस्ट, लैब, khoon, "
        "sangre, análisis, análisis de sangre, analítica, laboratorio, sangue, exame de sangue, análises, laboratório, "
        "blut, bluttest, bluttests, blutbild, blutwerte, labor, laborbefund"
    ),
    "imaging": (
        "imaging, scan, x-ray, xray, x ray, mri, ct, ct scan, ultrasound, sonography, echo, "
        "एक्स-रे, एक्सरे, स्कैन, अल्ट्रासाउंड, एमआरआई, सोनोग्राफी, "
        "imagen, imágenes, radiografía, rayos x, ecografía, resonancia, tac, "
        "imagem, imagens, raio x, raio-x, radiografia, ultrassom, ecografia, ressonância, tomografia, "
        "bild, bilder, bildgebung, röntgen, roentgen, ultraschall, mrt, ct-bild"
    ),
    "prescription": (
        "prescription, rx, medicine, medicines, पर्चा, पर्ची, दवा, दवाई, प्रिस्क्रिप्शन, नुस्खा, parcha, dawai, "
        "receta, receta médica, receita, receita médica, prescrição, rezept, rezepte, verordnung, medikamente"
    ),
    "discharge_summary": (
        "discharge, discharge summary, summary, छुट्टी, डिस्चार्ज, छुट्टी का कागज, डिस्चार्ज समरी, "
        "alta, informe de alta, resumen de alta, resumo de alta, sumário de alta, "
        "entlassung, entlassbrief, entlassungsbrief, arztbrief"
    ),
    "vaccination": (
        "vaccination, vaccine, vaccines, shot, immunization, immunisation, टीका, टीकाकरण, वैक्सीन, tika, "
        "vacuna, vacunación, vacina, vacinação, impfung, impfungen, impfpass, impfen"
    ),
    "bill": (
        "bill, invoice, receipt, insurance, claim, बिल, बीमा, रसीद, bima, "
        "factura, recibo, seguro, fatura, conta, rechnung, rechnungen, quittung, versicherung"
    ),
    "other": "other, others, something else, अन्य, दूसरा, कुछ और, otro, otra, outro, outra, andere, anderes, sonstiges",
}
TYPE_OF: dict[str, ReportType] = {
    folded(phrase): type_ for type_, phrases in _PHRASES.items() for phrase in phrases.split(", ")
}
"""By the folded phrase."""


def type_named(text: str) -> ReportType | None:
    """The kind that this text names, and nothing beside it."""
    return TYPE_OF.get(folded(text).strip(" .,!?"))
