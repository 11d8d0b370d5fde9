"""A key for tests that open a store of their own."""

from __future__ import annotations

from integrations.clients.sealing import AesSealer, Keys
from integrations.services.personal_ports import KeysInUse, Sealer


def sealer(_in_use: KeysInUse) -> Sealer:
    return AesSealer(Keys({"tests": bytes(range(32))}))
