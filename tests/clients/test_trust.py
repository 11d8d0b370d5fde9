"""The authorities are read once, and a city's own are among them where it names them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from integrations.clients.trust import trusted


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    trusted.cache_clear()
    yield
    trusted.cache_clear()


def test_they_are_read_once() -> None:
    assert trusted() is trusted()


def test_nobody_is_believed_who_is_not_among_them() -> None:
    assert trusted().verify_mode is ssl.CERT_REQUIRED
    assert trusted().check_hostname


def test_a_citys_own_take_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----\n"
    shipped = Path(certifi.where()).read_text(encoding="utf-8")
    own = tmp_path / "own.pem"
    own.write_text(shipped[shipped.index(one) : shipped.index(end) + len(end)], encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(own))

    assert trusted().cert_store_stats()["x509_ca"] == 1
