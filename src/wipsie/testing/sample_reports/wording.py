"""The words forms have for their fields, as houses in each language print them."""

from __future__ import annotations

import random
from typing import Literal

from wipsie.testing.sample_reports.truth import SampleLanguage

Role = Literal[
    "reported", "collected", "received", "registered", "printed", "study", "visit", "admission", "discharge", "bill",
    "given", "issued", "birth", "birth_age", "age", "sex", "name", "id", "doctor", "valid", "next", "previous", "accredited",
]  # fmt: skip

_EN: dict[Role, tuple[str, ...]] = {
    "reported": (
        *(
            "Reported On",
            "Report Date",
            "Date of Report",
            "Reported",
            "Reporting Date",
            "Report Released On",
            "Approved On",
        ),
        *("Authorised On", "Result Date", "Date Reported", "Report Time", "Validated On", "Final Report"),
    ),
    "collected": (
        *("Collected On", "Collection Date", "Sample Collected", "Sample Date", "Date of Collection", "Collected"),
        *("Specimen Collected", "Sample Drawn On", "Test Date", "Date Collected", "Drawn", "Sample Collected At"),
    ),
    "received": ("Received On", "Sample Received", "Date Received", "Received", "Received In Lab"),
    "registered": ("Registered On", "Registration Date", "Registered", "Booked On", "Order Date", "Regd. On"),
    "printed": ("Printed On", "Print Date", "Printed", "Printed At"),
    "study": (
        "Study Date",
        "Exam Date",
        "Date of Exam",
        "Scan Date",
        "Date of Study",
        "Performed On",
        "Examination Date",
    ),
    "visit": ("Date", "Visit Date", "Date of Visit", "Consultation Date", "OPD Date", "Dated", "Seen On"),
    "admission": ("Admission Date", "Date of Admission", "DOA", "Admitted On", "Admitted", "Admit Date"),
    "discharge": ("Discharge Date", "Date of Discharge", "DOD", "Discharged On", "Discharged"),
    "bill": ("Bill Date", "Invoice Date", "Date", "Receipt Date", "Date of Issue", "Billing Date"),
    "given": ("Date Given", "Date Administered", "Vaccination Date", "Administered On", "Given On", "Date"),
    "issued": ("Issued On", "Date of Issue", "Issue Date", "Certificate Date"),
    "birth": ("DOB", "Date of Birth", "Birth Date", "D.O.B.", "Born", "Born on"),
    "birth_age": ("DOB / Age", "Date of Birth / Age", "DOB (Age)"),
    "age": ("Age", "Age / Sex", "Age/Gender"),
    "sex": ("Sex", "Gender"),
    "name": ("Patient Name", "Name", "Patient", "Name of Patient"),
    "id": ("Patient ID", "UHID", "MRN", "Lab No", "Reg. No", "Accession No"),
    "doctor": ("Referred By", "Ref. Doctor", "Consultant", "Ordering Physician", "Doctor"),
    "valid": ("Valid Until", "Valid Till", "Valid upto", "Expires"),
    "next": ("Next Visit", "Follow-up On", "Review On", "Next Appointment", "Next Due"),
    "previous": ("Previous report dated", "Compared with the study of", "Last visit", "Previous"),
    "accredited": ("Accreditation valid until", "Licence valid till", "Certificate No. M-0417 valid up to"),
}
_ES: dict[Role, tuple[str, ...]] = {
    "reported": (
        "Fecha de informe",
        "Fecha del informe",
        "Fecha de resultado",
        "Informado el",
        "Fecha de emisión",
        "Validado el",
    ),
    "collected": ("Fecha de toma", "Toma de muestra", "Fecha de extracción", "Fecha de la muestra"),
    "received": ("Fecha de recepción", "Recibido", "Recepción"),
    "registered": ("Fecha de registro", "Registrado el", "Fecha de ingreso al sistema"),
    "printed": ("Impreso el", "Fecha de impresión"),
    "study": ("Fecha del estudio", "Fecha de estudio", "Fecha de exploración"),
    "visit": ("Fecha", "Fecha de consulta", "Fecha de visita"),
    "admission": ("Fecha de ingreso", "Ingreso"),
    "discharge": ("Fecha de alta", "Alta"),
    "bill": ("Fecha de factura", "Fecha", "Fecha de emisión"),
    "given": ("Fecha de aplicación", "Fecha de administración", "Fecha de vacunación"),
    "issued": ("Fecha de expedición", "Expedido el"),
    "birth": ("Fecha de nacimiento", "F. Nacimiento", "Nacido el", "F.N."),
    "birth_age": ("Fecha nac. / Edad", "F. Nacimiento / Edad"),
    "age": ("Edad", "Edad / Sexo"),
    "sex": ("Sexo",),
    "name": ("Paciente", "Nombre", "Nombre del paciente"),
    "id": ("N.º de historia", "Expediente", "Folio"),
    "doctor": ("Médico solicitante", "Solicitado por", "Médico"),
    "valid": ("Válido hasta", "Vigencia hasta", "Vence"),
    "next": ("Próxima cita", "Próxima visita", "Próxima dosis", "Revisión"),
    "previous": ("Comparado con el estudio del", "Estudio previo", "Última visita"),
    "accredited": ("Licencia sanitaria válida hasta", "Acreditación válida hasta"),
}
_PT: dict[Role, tuple[str, ...]] = {
    "reported": (
        "Data do laudo",
        "Liberado em",
        "Data do resultado",
        "Data de emissão",
        "Emitido em",
        "Laudo liberado em",
    ),
    "collected": ("Data da coleta", "Coletado em", "Coleta", "Data da colheita"),
    "received": ("Recebido em", "Data de recebimento", "Recebimento"),
    "registered": ("Data de cadastro", "Cadastrado em", "Data do pedido"),
    "printed": ("Impresso em", "Data de impressão"),
    "study": ("Data do exame", "Exame realizado em", "Data de realização"),
    "visit": ("Data", "Data da consulta", "Data de atendimento"),
    "admission": ("Data de internação", "Data de admissão", "Internação"),
    "discharge": ("Data da alta", "Data de alta", "Alta"),
    "bill": ("Data da fatura", "Data de emissão", "Data"),
    "given": ("Data de aplicação", "Data da dose", "Data da vacina"),
    "issued": ("Emitido em", "Data de emissão"),
    "birth": ("Data de nascimento", "Nascimento", "Data nasc.", "D.N."),
    "birth_age": ("Nascimento / Idade", "Data nasc. / Idade"),
    "age": ("Idade", "Idade / Sexo"),
    "sex": ("Sexo",),
    "name": ("Paciente", "Nome", "Nome do paciente"),
    "id": ("Prontuário", "Registro", "Protocolo"),
    "doctor": ("Médico solicitante", "Solicitante", "Médico"),
    "valid": ("Válido até", "Validade", "Vencimento"),
    "next": ("Próxima consulta", "Retorno em", "Próxima dose"),
    "previous": ("Comparado ao exame de", "Exame anterior", "Última consulta"),
    "accredited": ("Alvará válido até", "Licença válida até"),
}
_DE: dict[Role, tuple[str, ...]] = {
    "reported": ("Befunddatum", "Befund vom", "Berichtsdatum", "Datum des Befundes", "Ausgestellt am", "Endbefund vom"),
    "collected": ("Entnahmedatum", "Probenentnahme", "Abnahme", "Entnommen am", "Blutentnahme"),
    "received": ("Eingangsdatum", "Probeneingang", "Eingang", "Materialeingang"),
    "registered": ("Auftragsdatum", "Erfasst am", "Auftrag vom"),
    "printed": ("Gedruckt am", "Druckdatum", "Ausdruck vom"),
    "study": ("Untersuchungsdatum", "Untersuchung vom", "Untersucht am"),
    "visit": ("Datum", "Behandlungsdatum", "Vorstellung am"),
    "admission": ("Aufnahmedatum", "Aufnahme", "Aufgenommen am"),
    "discharge": ("Entlassungsdatum", "Entlassung", "Entlassen am"),
    "bill": ("Rechnungsdatum", "Datum"),
    "given": ("Impfdatum", "Datum der Impfung", "Geimpft am"),
    "issued": ("Ausstellungsdatum", "Ausgestellt am"),
    "birth": ("Geburtsdatum", "geb. am", "Geb.-Datum", "Geboren am"),
    "birth_age": ("Geburtsdatum / Alter", "Geb.-Dat. / Alter"),
    "age": ("Alter", "Alter / Geschlecht"),
    "sex": ("Geschlecht",),
    "name": ("Patient", "Name", "Name, Vorname"),
    "id": ("Fallnummer", "Patienten-Nr.", "Auftragsnummer"),
    "doctor": ("Einsender", "Überweiser", "Behandelnder Arzt"),
    "valid": ("Gültig bis", "Ablaufdatum"),
    "next": ("Nächster Termin", "Wiedervorstellung", "Nächste Impfung"),
    "previous": ("Vergleich mit der Voruntersuchung vom", "Vorbefund vom", "Letzter Besuch"),
    "accredited": ("Akkreditierung gültig bis", "Zertifikat gültig bis"),
}
_WORDS: dict[SampleLanguage, dict[Role, tuple[str, ...]]] = {"en": _EN, "es": _ES, "pt": _PT, "de": _DE}


class Wording:
    """The words of one house: it has one for each field and keeps to it."""

    def __init__(self, chance: random.Random, language: SampleLanguage) -> None:
        self._chosen = {role: chance.choice(words) for role, words in _WORDS[language].items()}
        self._shouts = chance.random() < 0.12

    def of(self, role: Role) -> str:
        """The label of a field."""
        word = self._chosen[role]
        return word.upper() if self._shouts else word
