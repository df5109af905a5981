"""What all reports of one house about one patient share: the words, the dates, the fields at the top and the foot."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from wipsie.testing.sample_reports.calendars import Calendar
from wipsie.testing.sample_reports.people import Patient, a_degree, a_doctor
from wipsie.testing.sample_reports.places import Letterhead, a_house
from wipsie.testing.sample_reports.sheet import Block, Field, Sheet
from wipsie.testing.sample_reports.truth import ReportKind, SampleLanguage
from wipsie.testing.sample_reports.wording import Role, Wording

_PAGE_OF: dict[SampleLanguage, str] = {
    "en": "Page 1 of 1",
    "es": "Página 1 de 1",
    "pt": "Página 1 de 1",
    "de": "Seite 1 von 1",
}
_NOT_SIGNED: dict[SampleLanguage, str] = {
    "en": "This is a computer generated document and needs no signature.",
    "es": "Documento generado por ordenador, no precisa firma.",
    "pt": "Documento gerado eletronicamente, dispensa assinatura.",
    "de": "Dieses Dokument wurde maschinell erstellt und ist ohne Unterschrift gültig.",
}


class Desk:
    """Fills in fields. `day`: the report's own date."""

    def __init__(
        self,
        chance: random.Random,
        *,
        language: SampleLanguage,
        calendar: Calendar,
        letterhead: Letterhead,
        patient: Patient,
        day: date,
    ) -> None:
        self.chance = chance
        self.language: SampleLanguage = language
        self.calendar = calendar
        self.letterhead = letterhead
        self.patient = patient
        self.day = day
        self.words = Wording(chance, language)
        self.shows_birth_date = chance.random() < 0.7

    def moment(self, role: Role, days_after: int, *, hour: int = 11) -> Field:
        """A field with a date, so many days after the report's own."""
        return self.words.of(role), self.calendar.write_moment(self.at(days_after, hour))

    def at(self, days_after: int, hour: int = 11) -> datetime:
        day = self.day + timedelta(days=days_after)
        return datetime(day.year, day.month, day.day, hour, self.chance.randrange(60))  # noqa: DTZ001 - as forms print it

    def sheet(self, kind: ReportKind, title: str, moments: Sequence[Field], blocks: Sequence[Block]) -> Sheet:
        """The report: what its kind alone says, and around it what the house prints on all of them. Its date is `day`."""
        return Sheet(
            kind=kind,
            language=self.language,
            letterhead=self.letterhead,
            title=title,
            patient=self.patient,
            about=self.about(),
            moments=tuple(moments),
            blocks=tuple(blocks),
            footer=self.footer(),
            signed_by=self.signed_by(),
            report_date=self.day,
            shows_birth_date=self.shows_birth_date,
        )

    def about(self) -> tuple[Field, ...]:
        """Name, birth or age, sex, number and doctor, in an order of the house."""
        patient, words = self.patient, self.words
        age = {"en": "Y", "es": "años", "pt": "anos", "de": "J."}[self.language]
        years = f"{patient.age_on(self.day)} {age}"
        fields: list[Field] = [(words.of("name"), patient.name)]
        if self.shows_birth_date:
            born = self.calendar.write(patient.birth_date)
            if self.chance.random() < 0.3:
                fields.append((words.of("birth_age"), f"{born} / {years}"))
            else:
                fields += [(words.of("birth"), born), (words.of("sex"), patient.sex)]
        else:
            fields.append((words.of("age"), f"{years} / {patient.sex}"))
        fields.append((words.of("id"), patient.number))
        doctor = a_doctor(self.chance, self.language)
        # Where the patient came from is another house than the one that wrote the report.
        if self.chance.random() < 0.25:
            doctor += f", {a_house(self.chance, self.language, 'practice')}"
        fields.append((words.of("doctor"), doctor))
        if self.chance.random() < 0.4:
            first, *others = fields
            self.chance.shuffle(others)
            fields = [first, *others]
        return tuple(fields)

    def footer(self) -> tuple[str, ...]:
        """Small print: a page number, when it was printed, whose licence ends when."""
        lines: list[str] = []
        if self.chance.random() < 0.5:
            lines.append(_NOT_SIGNED[self.language])
        if self.chance.random() < 0.2:
            ends = self.day + timedelta(days=self.chance.randrange(-300, 900))
            lines.append(f"{self.words.of('accredited')} {self.calendar.write(ends)}")
        if self.chance.random() < 0.35:
            printed = self.calendar.write_moment(self.at(self.chance.randrange(0, 9), 17))
            lines.append(f"{self.words.of('printed')}: {printed}   {_PAGE_OF[self.language]}")
        elif self.chance.random() < 0.5:
            lines.append(_PAGE_OF[self.language])
        return tuple(lines)

    def signed_by(self) -> str:
        """A doctor of the house."""
        doctor = self.letterhead.doctor or a_doctor(self.chance, self.language)
        return f"{doctor}, {a_degree(self.chance, self.language)}"
