"""What the worker does when its time has come: who handles which kind of timer, and what is done daily."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from integrations.services import clocks, handing_over, keeping_contacts, retention, uploading
from integrations.services.timing import Daily, Handler

if TYPE_CHECKING:
    from integrations.bootstrap import Services


def handlers(services: Services) -> dict[str, Handler]:
    """The handler of each kind of timer."""
    return {
        clocks.DEADLINE: services.clocks.ring,
        clocks.RECOUNT: services.clocks.recount,
        **services.satisfaction.handlers,
        keeping_contacts.SEAL_ON: services.keeping_contacts.seal_some,
        retention.STEP: services.retaining.step,
        uploading.EXPIRES: services.uploading.expire,
        handing_over.LEASE: services.handing_over.lease_rings,
        handing_over.CLOSES: services.handing_over.closes_rings,
    }


def daily(services: Services) -> dict[str, Daily]:
    """What is done once a day, at that time in the city."""
    return {
        clocks.CALENDAR: Daily(time(6, 0), services.clocks.look_at_calendar, at_start=True),
        keeping_contacts.SEAL: Daily(time(2, 30), services.keeping_contacts.seal_some, at_start=True),
        retention.DAILY: Daily(time(3, 0), services.retaining.begin),
    }
