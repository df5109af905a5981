"""People who do not exist, for sample reports."""

from __future__ import annotations

import random
from datetime import date, timedelta

import msgspec

from wipsie.testing.sample_reports.truth import SampleLanguage

_FIRST: dict[SampleLanguage, tuple[str, ...]] = {
    "en": (
        *("Asha", "Rohan", "Meera", "Kabir", "Divya", "Nikhil", "Sana", "Arjun", "Lata", "Imran"),
        *("Grace", "Owen", "Ruth", "Peter", "Olive", "Martin", "Joan", "Henry", "April", "Augustus"),
    ),
    "es": ("Lucía", "Mateo", "Carmen", "Álvaro", "Inés", "Julio", "Marta", "Sergio"),
    "pt": ("Beatriz", "João", "Larissa", "Caio", "Helena", "Otávio", "Lívia", "Mário"),
    "de": ("Anna", "Jürgen", "Lena", "Matthias", "Greta", "Sören", "Ilse", "Karl"),
}
_LAST: dict[SampleLanguage, tuple[str, ...]] = {
    "en": (
        *("Example", "Sample", "Specimen", "Testwala", "Placeholder", "Namewala", "Fictional"),
        *("Modelton", "Draftson", "Imaginary", "Demo", "Mockwell", "March", "May"),
    ),
    "es": ("Ejemplo", "Muestra Prueba", "de la Ficción", "Modelo Inventado"),
    "pt": ("Exemplo", "da Amostra", "Fictício", "dos Testes"),
    "de": ("Beispiel", "Mustermann", "Probe", "von Erfunden"),
}
_DEGREES: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("MBBS, MD", "MD (Pathology)", "MBBS, DNB", "MBBS, MS", "FRCS", "MD, DM"),
    "es": ("Médico internista", "Especialista en análisis clínicos"),
    "pt": ("CRM 00000", "Médico patologista"),
    "de": ("Facharzt für Innere Medizin", "Fachärztin für Radiologie"),
}


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody a report is about."""

    name: str
    birth_date: date
    sex: str
    number: str

    def age_on(self, day: date) -> int:
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (0 if had_birthday else 1)


def a_patient(chance: random.Random, language: SampleLanguage) -> Patient:
    """From two to ninety years old in 2025."""
    return Patient(
        name=f"{chance.choice(_FIRST[language])} {chance.choice(_LAST[language])}",
        birth_date=date(1935, 1, 1) + timedelta(days=chance.randrange(88 * 365)),
        sex=chance.choice(("F", "M")),
        number=f"{chance.choice(('MRN', 'UHID', 'PID', 'P-', ''))}{chance.randrange(10_000, 9_999_999)}",
    )


def a_doctor(chance: random.Random, language: SampleLanguage) -> str:
    """A name with a title in front."""
    title = {"en": "Dr.", "es": chance.choice(("Dr.", "Dra.")), "pt": chance.choice(("Dr.", "Dra.")), "de": "Dr. med."}
    return f"{title[language]} {chance.choice(_FIRST[language])} {chance.choice(_LAST[language])}"


def a_degree(chance: random.Random, language: SampleLanguage) -> str:
    """What a doctor writes behind the name."""
    return chance.choice(_DEGREES[language])
