"""Discharge summaries: admission, surgery, discharge, review, one below the other."""

from __future__ import annotations

from wipsie.testing.sample_reports.sheet import Block, Field, Heading, Paragraph, Sheet
from wipsie.testing.sample_reports.sheets.desk import Desk
from wipsie.testing.sample_reports.truth import SampleLanguage

_TITLES: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("DISCHARGE SUMMARY", "Discharge Summary", "DISCHARGE CARD", "Summary at Discharge"),
    "es": ("INFORME DE ALTA", "Resumen de egreso", "Informe de alta hospitalaria"),
    "pt": ("SUMÁRIO DE ALTA", "Resumo de alta", "RELATÓRIO DE ALTA"),
    "de": ("Entlassungsbrief", "ENTLASSBERICHT", "Arztbrief zur Entlassung"),
}
_SECTIONS: dict[SampleLanguage, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "en": (
        ("DIAGNOSIS", ("Acute appendicitis", "Community acquired pneumonia", "Fracture of the left radius")),
        ("COURSE IN HOSPITAL", ("Treated with IV antibiotics and fluids, recovered well.", "Uneventful recovery.")),
        ("CONDITION AT DISCHARGE", ("Stable, afebrile, on oral diet.", "Stable. Wound healthy.")),
        (
            "ADVICE ON DISCHARGE",
            ("Tab. Paracetamol 500 mg twice daily for 5 days. Normal diet.", "Rest for two weeks."),
        ),
    ),
    "es": (
        ("DIAGNÓSTICO", ("Apendicitis aguda", "Neumonía adquirida en la comunidad")),
        ("EVOLUCIÓN", ("Evolución favorable con antibióticos.", "Sin complicaciones.")),
        ("TRATAMIENTO AL ALTA", ("Paracetamol 1 g cada 8 horas. Reposo relativo.",)),
    ),
    "pt": (
        ("DIAGNÓSTICO", ("Apendicite aguda", "Pneumonia")),
        ("EVOLUÇÃO", ("Boa evolução clínica com antibióticos.", "Sem intercorrências.")),
        ("ORIENTAÇÕES DE ALTA", ("Paracetamol 750 mg se dor. Repouso relativo.",)),
    ),
    "de": (
        ("DIAGNOSEN", ("Akute Appendizitis", "Ambulant erworbene Pneumonie")),
        ("VERLAUF", ("Komplikationsloser Verlauf unter Antibiose.",)),
        ("ENTLASSUNGSMEDIKATION", ("Paracetamol 500 mg bei Bedarf.",)),
    ),
}
_SURGERY: dict[SampleLanguage, str] = {
    "en": "Surgery performed on",
    "es": "Intervención realizada el",
    "pt": "Cirurgia realizada em",
    "de": "Operation am",
}


def a_discharge_summary(desk: Desk) -> Sheet:
    """Its date is that of the discharge."""
    chance = desk.chance
    stay = chance.randrange(1, 15)
    moments: list[Field] = [desk.moment("admission", -stay, hour=20), desk.moment("discharge", 0, hour=12)]
    blocks: list[Block] = []
    for name, choices in _SECTIONS[desk.language]:
        blocks += [Heading(name), Paragraph(chance.choice(choices))]
    if chance.random() < 0.35:
        operated = desk.calendar.write(desk.at(-stay + chance.randrange(stay)).date())
        blocks.insert(2, Paragraph(f"{_SURGERY[desk.language]} {operated}."))
    if chance.random() < 0.55:
        label, when = desk.moment("next", chance.randrange(4, 30))
        blocks.append(Paragraph(f"{label}: {when}"))
    return desk.sheet("discharge_summary", chance.choice(_TITLES[desk.language]), moments, blocks)
