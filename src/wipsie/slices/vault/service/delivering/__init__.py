"""What is said to people goes out: one line for each, as fast as WhatsApp takes it, and once."""

from __future__ import annotations

from wipsie.slices.vault.service.delivering.alarms import AlarmListener, SendingAlarm
from wipsie.slices.vault.service.delivering.attempting import OpenedFile, OpenFile
from wipsie.slices.vault.service.delivering.delivering import Delivering
from wipsie.slices.vault.service.delivering.metrics import DeliveryMetrics
from wipsie.slices.vault.service.delivering.rates import SendingRates
from wipsie.slices.vault.service.delivering.signals import SendingSignals
from wipsie.slices.vault.service.delivering.upkeep import DeliveryUpkeep, Retention

__all__ = [
    "AlarmListener",
    "Delivering",
    "DeliveryMetrics",
    "DeliveryUpkeep",
    "OpenFile",
    "OpenedFile",
    "Retention",
    "SendingAlarm",
    "SendingRates",
    "SendingSignals",
]
