"""Sealing with AES-256-GCM: keys by id, the first one seals, all open.

A sealed value is bound to what it is about, so that rows cannot be swapped in the database. From each key two others
are derived, one to seal and one for the marks by which equal values are found.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from integrations.services.errors import NeedsPerson
from integrations.services.personal_ports import KeysInUse
from integrations.services.personal_records import Sealed

SETTING = "JIESU_DATA_KEY"
KEY_BYTES, NONCE_BYTES, TAG_BYTES = 32, 12, 16
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class BadKeys(ValueError):
    """Keys that cannot be read. The message holds nothing of them."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys by id in the order given; the first one seals."""

    by_id: Mapping[str, bytes] = field(repr=False)

    @property
    def first(self) -> str:
        return next(iter(self.by_id))


def read_keys(text: str) -> Keys:
    """'2:base64,1:base64', or one base64 alone, whose id is made from it. Raises BadKeys."""
    found: dict[str, bytes] = {}
    for place, part in enumerate(filter(None, re.split(r"[,\s]+", text.strip())), 1):
        name, colon, encoded = part.rpartition(":")
        try:
            key = base64.b64decode(encoded, altchars=b"-_" if set("-_") & set(encoded) else None, validate=True)
        except (binascii.Error, ValueError) as wrong:
            raise BadKeys(f"key {place} is not base64; `openssl rand -base64 32` makes one") from wrong
        if len(key) != KEY_BYTES:
            raise BadKeys(f"key {place} has {len(key)} bytes; 32 would do: `openssl rand -base64 32` makes one")
        name = name if colon else fingerprint(key)
        if not _ID.fullmatch(name):
            raise BadKeys(f"the id of key {place} is none; up to 32 letters, digits, - and _ would do")
        if name in found:
            raise BadKeys(f"key {place} has the id of another one; each needs its own")
        found[name] = key
    if not found:
        raise BadKeys("no key is there; `openssl rand -base64 32` makes one")
    return Keys(found)


def fingerprint(key: bytes) -> str:
    """The id of a key that was given none: 8 hexadecimal digits that say nothing of it."""
    return _derived(key, b"id").hex()[:8]


def kept_keys(path: Path) -> Keys:
    """The keys in that file. Raises NeedsPerson when it cannot be read or its keys are none."""
    try:
        return read_keys(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as refused:
        why = refused if isinstance(refused, BadKeys) else type(refused).__name__
        raise NeedsPerson(
            f"{path}: the key of the contacts cannot be read ({why}); restore it or set {SETTING}"
        ) from None


def keys_of(path: Path, in_use: KeysInUse) -> Keys:
    """The keys of that file; a first one is made where nothing was ever sealed. Raises NeedsPerson."""
    if not path.exists():
        if sealed := in_use():
            raise NeedsPerson(
                f"{sum(sealed.values())} contacts are sealed (keys: {', '.join(sealed)}) and {path} is not there: "
                f"restore it or set {SETTING}; no new key is made beside them"
            )
        make_keys(path)
    return kept_keys(path)


def make_keys(path: Path) -> Keys:
    """A key of its own in a file that only its owner reads, or what another process has just put there."""
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    _write(path, f"{key}\n", replace=False)
    return kept_keys(path)


def add_key(path: Path) -> Keys:
    """One more key before those in the file: it seals from now on, the others still open."""
    before = kept_keys(path)
    encoded = [f"{name}:{base64.b64encode(key).decode()}" for name, key in before.by_id.items()]
    made = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    _write(path, "\n".join([made, *encoded]) + "\n", replace=True)
    return kept_keys(path)


def _write(path: Path, text: str, *, replace: bool) -> None:
    try:
        descriptor, part = tempfile.mkstemp(dir=path.parent)  # 0600 from the beginning
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if replace:
            Path(part).replace(path)
            return
        # Several parts may start at once: the first to link wins, the others read what it made.
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
        Path(part).unlink()
    except OSError as refused:
        raise NeedsPerson(f"{path}: cannot be written ({refused.strerror}); set {SETTING}") from refused


class AesSealer:
    """The `Sealer` port. `again` reads the keys anew where one is missing: another process may have added it."""

    def __init__(self, keys: Keys, *, again: Callable[[], Keys] | None = None) -> None:
        self._keys = keys
        self._again = again

    @property
    def first(self) -> str:
        return self._keys.first

    def seal(self, plain: str, about: str) -> Sealed:
        name = self._keys.first
        nonce = secrets.token_bytes(NONCE_BYTES)
        body = AESGCM(_derived(self._key(name), b"seal")).encrypt(nonce, plain.encode(), _bound(name, about))
        return Sealed(name, nonce + body)

    def open(self, sealed: Sealed, about: str) -> str:
        key = _derived(self._key(sealed.key_id), b"seal")
        nonce, body = sealed.body[:NONCE_BYTES], sealed.body[NONCE_BYTES:]
        if len(body) < TAG_BYTES:
            raise NeedsPerson(f"a sealed contact is cut: it has {len(sealed.body)} bytes")
        try:
            return AESGCM(key).decrypt(nonce, body, _bound(sealed.key_id, about)).decode()
        except InvalidTag:
            raise NeedsPerson(
                f"a contact cannot be opened with the key {sealed.key_id!r}: {SETTING} (or data_key in the data folder)"
                " holds another key under that id, or the row was changed; nothing is lost while the right key is kept"
            ) from None

    def mark(self, plain: str, key_id: str | None = None) -> str:
        key = _derived(self._key(key_id or self._keys.first), b"mark")
        return hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()

    def marks(self, plain: str) -> Sequence[str]:
        return [self.mark(plain, name) for name in self._keys.by_id]

    def _key(self, name: str) -> bytes:
        if name not in self._keys.by_id and self._again:
            self._keys = self._again()
        try:
            return self._keys.by_id[name]
        except KeyError:
            there = ", ".join(self._keys.by_id)
            raise NeedsPerson(
                f"contacts are sealed with the key {name!r}, which {SETTING} (or data_key in the data folder) does not "
                f"hold (it holds: {there}); add it after the first one"
            ) from None


def _bound(key_id: str, about: str) -> bytes:
    return f"jiesu:1:{key_id}:{about}".encode()


def _derived(key: bytes, purpose: bytes) -> bytes:
    """HKDF-SHA256 for one block: a key of 32 bytes for that purpose only."""
    extracted = hmac.new(b"jiesu contacts", key, hashlib.sha256).digest()
    return hmac.new(extracted, purpose + b"\x01", hashlib.sha256).digest()
