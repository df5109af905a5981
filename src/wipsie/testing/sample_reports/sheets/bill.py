"""Bills: services with their prices, a stay from and to, and a date to pay by."""

from __future__ import annotations

from wipsie.testing.sample_reports.sheet import Block, Field, Paragraph, Sheet, Table
from wipsie.testing.sample_reports.sheets.desk import Desk
from wipsie.testing.sample_reports.truth import SampleLanguage

_TITLES: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("INVOICE", "BILL OF SUPPLY", "Hospital Bill", "OPD RECEIPT", "Tax Invoice", "Final Bill"),
    "es": ("FACTURA", "Recibo de pago", "Factura de servicios médicos"),
    "pt": ("FATURA", "Recibo", "NOTA FISCAL DE SERVIÇOS"),
    "de": ("RECHNUNG", "Liquidation", "Privatrechnung"),
}
_ITEMS: dict[SampleLanguage, tuple[str, ...]] = {
    "en": (
        "Consultation charges",
        "Room rent",
        "Blood test (CBC)",
        "X-Ray chest",
        "Pharmacy",
        "Nursing charges",
        "Discount",
    ),
    "es": ("Consulta", "Análisis de sangre", "Radiografía", "Habitación"),
    "pt": ("Consulta", "Exame de sangue", "Raio-X", "Diária"),
    "de": ("Beratung, GOÄ 1", "Blutentnahme, GOÄ 250", "Ultraschall, GOÄ 410", "Laborleistungen"),
}
_HEADERS: dict[SampleLanguage, tuple[str, str, str]] = {
    "en": ("Particulars", "Qty", "Amount"),
    "es": ("Concepto", "Cantidad", "Importe"),
    "pt": ("Descrição", "Qtd", "Valor"),
    "de": ("Leistung", "Anzahl", "Betrag"),
}
_TOTALS: dict[SampleLanguage, tuple[str, ...]] = {
    "en": ("Total Amount", "Net Payable", "Grand Total"),
    "es": ("Total a pagar", "Importe total"),
    "pt": ("Total a pagar", "Valor total"),
    "de": ("Rechnungsbetrag", "Gesamtbetrag"),
}
_NUMBERS: dict[SampleLanguage, str] = {"en": "Bill No", "es": "Factura n.º", "pt": "Fatura nº", "de": "Rechnungsnummer"}
_DUE: dict[SampleLanguage, str] = {
    "en": "Due Date",
    "es": "Fecha de vencimiento",
    "pt": "Vencimento",
    "de": "Zahlbar bis",
}


def a_bill(desk: Desk) -> Sheet:
    """Its date is that of the bill."""
    chance = desk.chance
    moments: list[Field] = [
        (_NUMBERS[desk.language], f"{chance.choice(('INV', 'B', ''))}{chance.randrange(100, 99999)}/{desk.day:%y}"),
        desk.moment("bill", 0, hour=13),
    ]
    if chance.random() < 0.35:
        stay = chance.randrange(1, 9)
        moments += [desk.moment("admission", -stay, hour=18), desk.moment("discharge", 0, hour=11)]
    if chance.random() < 0.25:
        moments.append((_DUE[desk.language], desk.calendar.write(desk.at(chance.randrange(7, 31)).date())))
    names = chance.sample(_ITEMS[desk.language], chance.randrange(2, 5))
    prices = [chance.randrange(5, 900) * 10 for _ in names]
    rows = tuple((name, "1", f"{price:,}.00") for name, price in zip(names, prices, strict=True))
    blocks: list[Block] = [
        Table(_HEADERS[desk.language], rows),
        Paragraph(f"{chance.choice(_TOTALS[desk.language])}: {sum(prices):,}.00"),
    ]
    return desk.sheet("bill", chance.choice(_TITLES[desk.language]), moments, blocks)
