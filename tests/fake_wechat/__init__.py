"""WeChat's official accounts as an emulator with the real laws; see README.md beside this file."""

from __future__ import annotations

from tests.fake_wechat.account import TEMPLATES, Account, Mode, Template
from tests.fake_wechat.clock import Clock
from tests.fake_wechat.laws import FAULT
from tests.fake_wechat.phone import Entry, NotPossible, Option, Phone
from tests.fake_wechat.pushing import Pushed, Record
from tests.fake_wechat.world import FakeWechat

__all__ = [
    "FAULT",
    "TEMPLATES",
    "Account",
    "Clock",
    "Entry",
    "FakeWechat",
    "Mode",
    "NotPossible",
    "Option",
    "Phone",
    "Pushed",
    "Record",
    "Template",
]
