"""`jiesu doctor` on sealed contacts: a key that is gone is said before the first citizen meets it."""

from __future__ import annotations

from pathlib import Path

from integrations.bootstrap import Services
from integrations.running import doctor
from integrations.settings import Settings
from tests.builders import PHONE, filed


def found(settings: Settings) -> tuple[str, str]:
    check = doctor._contacts(settings)
    assert PHONE not in check.found
    return check.state, check.found


def test_contacts_that_open_are_counted(services: Services, settings: Settings) -> None:
    filed(services)
    assert found(settings) == ("ok", "sealed 1, plain 0")


def test_a_key_that_is_gone_is_bad_and_no_new_one_is_made(services: Services, settings: Settings) -> None:
    filed(services)
    settings.data_key_file.unlink()
    state, said = found(settings)
    assert state == "bad" and "JIESU_DATA_KEY" in said
    assert not settings.data_key_file.exists()


def test_another_key_is_bad(services: Services, settings: Settings, tmp_path: Path) -> None:
    filed(services)
    settings.data_key_file.write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", encoding="ascii")
    state, said = found(settings)
    assert state == "bad" and "JIESU_DATA_KEY" in said
