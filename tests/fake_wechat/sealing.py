"""Signatures and AES as WeChat's documentation describes them, written for this emulator alone."""

from __future__ import annotations

import base64
import hashlib
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


class WrongSeal(Exception):
    """It cannot be opened: what is wrong."""


def signature(*parts: str) -> str:
    """SHA-1 of the parts in order of the alphabet."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


class Seal:
    """Seals and opens for one account; both sides use the same key."""

    def __init__(self, aes_key: str, appid: str, token: str) -> None:
        self._key = base64.b64decode(aes_key + "=")
        self._appid, self._token = appid.encode(), token

    def sealed(self, text: str, random: bytes | None = None) -> str:
        """16 random bytes, the length, the text, the app id; padded to 32 bytes."""
        raw = text.encode()
        whole = (random or secrets.token_hex(8).encode()) + len(raw).to_bytes(4, "big") + raw + self._appid
        pad = BLOCK - len(whole) % BLOCK
        worker = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).encryptor()
        return base64.b64encode(worker.update(whole + bytes([pad]) * pad) + worker.finalize()).decode()

    def signed(self, sealed: str, timestamp: str, nonce: str) -> str:
        return signature(self._token, timestamp, nonce, sealed)

    def opened(self, sealed: str, *, signed: str, timestamp: str, nonce: str) -> str:
        if signed != self.signed(sealed, timestamp, nonce):
            raise WrongSeal("the MsgSignature is wrong")
        try:
            raw = base64.b64decode(sealed, validate=True)
            worker = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).decryptor()
            whole = worker.update(raw) + worker.finalize()
        except ValueError:
            raise WrongSeal("no base64, or no whole blocks") from None
        pad = whole[-1] if whole else 0
        if not 1 <= pad <= BLOCK or whole[-pad:] != bytes([pad]) * pad:
            raise WrongSeal("the padding is wrong")
        whole = whole[:-pad]
        size = int.from_bytes(whole[16:20], "big")
        text, tail = whole[20 : 20 + size], whole[20 + size :]
        if len(text) != size or tail != self._appid:
            raise WrongSeal("the length or the app id at the end is wrong")
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise WrongSeal("no UTF-8") from None
