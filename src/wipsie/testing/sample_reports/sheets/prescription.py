"""Prescriptions: often a date and nothing else beside it, and a next visit."""

from __future__ import annotations

from wipsie.testing.sample_reports.sheet import Block, Field, Heading, Paragraph, Sheet, Table
from wipsie.testing.sample_reports.sheets.desk import Desk
from wipsie.testing.sample_reports.truth import SampleLanguage

_TITLES: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("PRESCRIPTION", "Rx", "OPD Prescription", "Consultation & Prescription", ""),
    "es": ("RECETA MÉDICA", "Receta", "Prescripción médica"),
    "pt": ("RECEITUÁRIO", "Receita médica", "RECEITUÁRIO MÉDICO"),
    "de": ("Rezept", "Verordnung", "Medikationsplan"),
}
_MEDICINES: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("Tab. Paracetamol 500 mg", "Cap. Amoxicillin 500 mg", "Syp. Cough Relief 10 ml", "Tab. Metformin 500 mg"),
    "es": ("Paracetamol 1 g comprimidos", "Amoxicilina 500 mg cápsulas", "Ibuprofeno 400 mg comprimidos"),
    "pt": ("Paracetamol 750 mg comprimido", "Amoxicilina 500 mg cápsula", "Losartana 50 mg comprimido"),
    "de": ("Paracetamol 500 mg Tabletten", "Amoxicillin 1000 mg Filmtabletten", "Ramipril 5 mg Tabletten"),
}
_DOSES: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("1-0-1 after food x 5 days", "1-1-1 x 3 days", "0-0-1 at bedtime x 30 days", "twice daily, 7 days"),
    "es": ("1 cada 8 horas, 5 días", "1 cada 12 horas, 7 días"),
    "pt": ("1 comprimido de 8 em 8 horas, 5 dias", "1 ao dia, uso contínuo"),
    "de": ("1-0-1 nach dem Essen", "0-0-1, 30 Tage"),
}
_HEADERS: dict[SampleLanguage, tuple[str, str]] = {
    "en": ("Medicine", "Dosage"),
    "es": ("Medicamento", "Posología"),
    "pt": ("Medicamento", "Posologia"),
    "de": ("Medikament", "Dosierung"),
}
_DIAGNOSIS: dict[SampleLanguage, str] = {"en": "Diagnosis", "es": "Diagnóstico", "pt": "Diagnóstico", "de": "Diagnose"}
_COMPLAINTS: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("Viral fever", "Acute pharyngitis", "Type 2 diabetes", "Hypertension, controlled"),
    "es": ("Faringitis aguda", "Hipertensión"),
    "pt": ("Faringite aguda", "Hipertensão"),
    "de": ("Akute Pharyngitis", "Hypertonie"),
}


def a_prescription(desk: Desk) -> Sheet:
    """Its date is that of the visit."""
    chance = desk.chance
    moments: list[Field] = [desk.moment("visit", 0, hour=11)]
    medicines = chance.sample(_MEDICINES[desk.language], chance.randrange(2, len(_MEDICINES[desk.language]) + 1))
    rows = tuple((name, chance.choice(_DOSES[desk.language])) for name in medicines)
    blocks: list[Block] = [
        Paragraph(f"{_DIAGNOSIS[desk.language]}: {chance.choice(_COMPLAINTS[desk.language])}"),
        Table(_HEADERS[desk.language], rows)
        if chance.random() < 0.5
        else Paragraph("\n".join(f"{number}. {name}   {dose}" for number, (name, dose) in enumerate(rows, 1))),
    ]
    if chance.random() < 0.5:
        blocks.append(Heading(_field(desk.moment("next", chance.randrange(5, 60)))))
    if chance.random() < 0.2:
        blocks.append(Paragraph(_field(desk.moment("valid", chance.randrange(20, 90)))))
    if chance.random() < 0.2:
        blocks.insert(0, Paragraph(_field(desk.moment("previous", -chance.randrange(20, 200)))))
    return desk.sheet("prescription", chance.choice(_TITLES[desk.language]), moments, blocks)


def _field(field: Field) -> str:
    return f"{field[0]}: {field[1]}"
