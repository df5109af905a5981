"""Laboratory reports: values with their ranges, and at least three dates that are not the report's."""

from __future__ import annotations

from datetime import timedelta

from wipsie.testing.sample_reports.sheet import Block, Field, Heading, Paragraph, Sheet, Table
from wipsie.testing.sample_reports.sheets.desk import Desk
from wipsie.testing.sample_reports.truth import SampleLanguage

_Test = tuple[str, float, float, str]
_PANELS: dict[SampleLanguage, dict[str, tuple[_Test, ...]]] = {
    "en": {
        "COMPLETE BLOOD COUNT": (
            ("Haemoglobin", 12, 16, "g/dL"),
            ("RBC Count", 4.2, 5.6, "mill/cumm"),
            ("WBC Count", 4000, 11000, "/cumm"),
            ("Platelet Count", 150000, 410000, "/cumm"),
            ("Neutrophils", 40, 75, "%"),
            ("MCV", 83, 101, "fL"),
        ),
        "LIPID PROFILE": (
            ("Total Cholesterol", 120, 200, "mg/dL"),
            ("HDL Cholesterol", 40, 60, "mg/dL"),
            ("LDL Cholesterol", 60, 130, "mg/dL"),
            ("Triglycerides", 50, 150, "mg/dL"),
        ),
        "LIVER FUNCTION TEST": (
            ("Bilirubin Total", 0.2, 1.2, "mg/dL"),
            ("SGOT (AST)", 5, 40, "U/L"),
            ("SGPT (ALT)", 7, 56, "U/L"),
            ("Albumin", 3.5, 5.2, "g/dL"),
        ),
        "THYROID PROFILE": (("T3", 0.8, 2.0, "ng/mL"), ("T4", 5.1, 14.1, "ug/dL"), ("TSH", 0.4, 4.2, "uIU/mL")),
        "Glycosylated Haemoglobin": (("HbA1c", 4, 5.7, "%"), ("Mean Blood Glucose", 90, 117, "mg/dL")),
        "Kidney Panel": (("Creatinine", 0.6, 1.2, "mg/dL"), ("Urea", 15, 40, "mg/dL"), ("Uric Acid", 3.4, 7, "mg/dL")),
    },
    "es": {
        "HEMOGRAMA": (
            ("Hemoglobina", 12, 16, "g/dL"),
            ("Leucocitos", 4.0, 11, "10^3/µL"),
            ("Plaquetas", 150, 400, "10^3/µL"),
            ("Hematocrito", 36, 48, "%"),
        ),
        "Bioquímica": (
            ("Glucosa", 70, 100, "mg/dL"),
            ("Colesterol total", 120, 200, "mg/dL"),
            ("Creatinina", 0.6, 1.2, "mg/dL"),
        ),
    },
    "pt": {
        "HEMOGRAMA COMPLETO": (
            ("Hemoglobina", 12, 16, "g/dL"),
            ("Leucócitos", 4000, 11000, "/mm³"),
            ("Plaquetas", 150000, 450000, "/mm³"),
        ),
        "Bioquímica": (
            ("Glicose", 70, 99, "mg/dL"),
            ("Colesterol total", 120, 190, "mg/dL"),
            ("Ureia", 15, 40, "mg/dL"),
        ),
    },
    "de": {
        "Kleines Blutbild": (
            ("Hämoglobin", 12, 16, "g/dl"),
            ("Leukozyten", 4, 10, "/nl"),
            ("Thrombozyten", 150, 400, "/nl"),
            ("Erythrozyten", 4.1, 5.4, "/pl"),
        ),
        "Klinische Chemie": (("Glukose", 70, 100, "mg/dl"), ("Kreatinin", 0.6, 1.2, "mg/dl"), ("CRP", 0, 5, "mg/l")),
    },
}
_TITLES: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("LABORATORY REPORT", "Test Report", "DEPARTMENT OF HAEMATOLOGY", "Final Report", "Pathology Report", ""),
    "es": ("INFORME DE LABORATORIO", "Resultados de análisis", "Informe analítico"),
    "pt": ("LAUDO LABORATORIAL", "Resultado de exames", "Exames laboratoriais"),
    "de": ("Laborbefund", "LABORBERICHT", "Befund"),
}
_HEADERS: dict[SampleLanguage, tuple[str, str, str, str]] = {
    "en": ("Test", "Result", "Reference Range", "Unit"),
    "es": ("Prueba", "Resultado", "Valores de referencia", "Unidad"),
    "pt": ("Exame", "Resultado", "Valor de referência", "Unidade"),
    "de": ("Parameter", "Ergebnis", "Referenzbereich", "Einheit"),
}
_REMARKS = (
    "Please correlate clinically. Results relate only to the sample tested.",
    "Kindly repeat with a fresh sample if the result does not fit the clinical picture.",
    "Method: automated analyser. Sample type: EDTA whole blood / serum.",
)


def a_blood_test(desk: Desk) -> Sheet:
    """With one to three panels. Its date is when it was reported, or, where the sheet does not say, when blood was taken."""
    chance = desk.chance
    says_reported = chance.random() < 0.85
    ahead = -chance.choice((0, 0, 1, 1, 2, 3)) if says_reported else 0
    moments: list[Field] = [desk.moment("collected", ahead, hour=7)]
    if chance.random() < 0.6:
        moments.append(desk.moment("received", ahead, hour=9))
    if says_reported:
        moments.append(desk.moment("reported", 0, hour=16))
    if chance.random() < 0.3:
        moments.insert(0, desk.moment("registered", ahead, hour=7))
    if chance.random() < 0.2:
        moments.append(desk.moment("printed", chance.randrange(0, 3), hour=18))
    if chance.random() < 0.3:
        chance.shuffle(moments)
    panels = list(_PANELS[desk.language].items())
    blocks: list[Block] = []
    for name, tests in chance.sample(panels, min(len(panels), chance.choice((1, 1, 2, 3)))):
        blocks += [Heading(name), _table(desk, tests)]
    if desk.language == "en" and chance.random() < 0.6:
        blocks.append(Paragraph(chance.choice(_REMARKS)))
    if chance.random() < 0.12:
        earlier = desk.calendar.write(desk.day - timedelta(days=chance.randrange(60, 700)))
        blocks.append(Paragraph(f"{desk.words.of('previous')} {earlier}"))
    return desk.sheet("blood_test", chance.choice(_TITLES[desk.language]), moments, blocks)


def _table(desk: Desk, tests: tuple[_Test, ...]) -> Table:
    rows: list[tuple[str, ...]] = []
    for name, low, high, unit in tests:
        value = desk.chance.uniform(low * 0.85, high * 1.15)
        digits = 0 if high >= 1000 else 1
        rows.append((name, f"{value:.{digits}f}", f"{low:g} - {high:g}", unit))
    return Table(_HEADERS[desk.language], tuple(rows))
