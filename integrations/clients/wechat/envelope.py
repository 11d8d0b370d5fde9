"""Signatures and sealing of pushes and replies: plain, compatible and safe mode.

As in WeChat's documentation of message pushes and their encryption: sha1 over sorted values; AES-256-CBC whose key is
the EncodingAESKey read as base64, the IV its first half, PKCS#7 with blocks of 32 bytes around
`16 random bytes | length | message | app id`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from integrations.clients.wechat.xml_out import cdata
from integrations.clients.wechat.xml_tree import BadPush, tree, value

__all__ = ["BadPush", "Envelope", "Opened"]

KEY_SETTING = "JIESU_WECHAT_AES_KEY"
MODES = ("plain", "compatible", "safe")
BLOCK, RANDOM, LENGTH = 32, 16, 4
# How far a push's timestamp may be from our clock. A choice of ours: WeChat documents no bound.
WINDOW_SECONDS = 300
_KEY = re.compile(r"[A-Za-z0-9]{43}")
_TIME = re.compile(r"[0-9]{1,12}")
# The echo is not covered by the signature: nothing that a browser could take for a page.
_ECHO = re.compile(r"[A-Za-z0-9+/=_.-]{1,256}")
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Opened:
    """What a push says. `sealed`: it came sealed and so must the reply, with the key `key_index`."""

    xml: bytes = field(repr=False)
    sealed: bool = False
    key_index: int = 0


class Envelope:
    """One account's signatures and seals.

    `aes_keys`: EncodingAESKeys, the new one first, then the old one while it is being changed: both open. `account`:
    the `gh_…` name that pushes must be for; "": any. Raises ValueError that names the setting and shows no value.
    """

    def __init__(
        self,
        *,
        token: str,
        aes_keys: Sequence[str],
        appid: str,
        mode: str,
        clock: Callable[[], datetime],
        account: str = "",
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"JIESU_WECHAT_MODE must be one of {', '.join(MODES)}")
        if not token:
            raise ValueError("JIESU_WECHAT_TOKEN is empty: it must be the token of WeChat's console")
        if not appid:
            raise ValueError("JIESU_WECHAT_APPID is empty: it must be the account's app id")
        self._token, self._appid, self._mode, self._clock, self._account = token, appid, mode, clock, account
        self._keys = _read(aes_keys)
        if mode != "plain" and not self._keys:
            raise ValueError(f"{KEY_SETTING} is empty: the mode {mode} needs the EncodingAESKey of WeChat's console")

    def checked(self, query: Mapping[str, str]) -> str:
        """The echo to answer WeChat's check of our address with. Raises BadPush(403).

        A timestamp more than five minutes from our clock is refused, here and in `opened`.
        """
        self._signed(query, "signature")
        echo = query.get("echostr", "")
        if not _ECHO.fullmatch(echo):
            raise BadPush(403, "the echo is none")
        return echo

    def opened(self, query: Mapping[str, str], body: bytes) -> Opened:
        """What the push says, when it surely comes from WeChat. Raises BadPush and nothing else.

        In safe and compatible mode only what is sealed is believed: a push without `encrypt_type=aes` is a downgrade,
        the url's own signature proves nothing, and in compatible mode the plain fields beside `Encrypt` are not read.
        A timestamp more than five minutes from our clock is refused; a push that comes again within them is known by
        its key.
        """
        kind = query.get("encrypt_type", "")
        if self._mode == "plain":
            return self._plain(query, body, kind)
        if kind != "aes":
            raise BadPush(403, f"a push that is not sealed; JIESU_WECHAT_MODE is {self._mode}")
        part = value(tree(body), "Encrypt")
        if not part:
            raise BadPush(400, "the push has no sealed part")
        self._signed(query, "msg_signature", part)
        opened = self._unsealed(part)
        self._for_us(opened.xml)
        return opened

    def sealed(
        self,
        xml: str,
        *,
        key_index: int = 0,
        timestamp: int | None = None,
        nonce: str | None = None,
        random: bytes | None = None,
    ) -> str:
        """The reply as WeChat takes it sealed. `key_index`: the key that opened the push.

        `timestamp` (seconds since 1970), `nonce` and `random` (16 bytes) are made anew unless given.
        """
        moment = str(int(self._clock().timestamp()) if timestamp is None else timestamp)
        nonce = str(secrets.randbelow(10**10)) if nonce is None else nonce
        random = "".join(secrets.choice(_LETTERS) for _ in range(RANDOM)).encode() if random is None else random
        if len(random) != RANDOM:
            raise ValueError(f"{RANDOM} random bytes are needed, not {len(random)}")
        message = xml.encode()
        whole = random + len(message).to_bytes(LENGTH, "big") + message + self._appid.encode()
        pad = BLOCK - len(whole) % BLOCK
        encryptor = _cipher(self._keys[key_index]).encryptor()
        part = base64.b64encode(encryptor.update(whole + bytes([pad]) * pad) + encryptor.finalize()).decode()
        signature = _signature(self._token, moment, nonce, part)
        return (
            f"<xml><Encrypt>{cdata(part)}</Encrypt><MsgSignature>{cdata(signature)}</MsgSignature>"
            f"<TimeStamp>{moment}</TimeStamp><Nonce>{cdata(nonce)}</Nonce></xml>"
        )

    def _plain(self, query: Mapping[str, str], body: bytes, kind: str) -> Opened:
        if kind not in ("", "raw"):
            raise BadPush(403, "a sealed push; JIESU_WECHAT_MODE is plain")
        self._signed(query, "signature")
        if tree(body).find("Encrypt") is not None:
            raise BadPush(403, "a sealed push; JIESU_WECHAT_MODE is plain")
        self._for_us(body)
        return Opened(body)

    def _signed(self, query: Mapping[str, str], name: str, *more: str) -> None:
        given, moment, nonce = query.get(name, ""), query.get("timestamp", ""), query.get("nonce", "")
        if not (given and moment and nonce):
            raise BadPush(403, f"{name}, timestamp or nonce is missing")
        ours = _signature(self._token, moment, nonce, *more)
        if not hmac.compare_digest(_bytes(given), ours.encode()):
            raise BadPush(403, f"{name} is wrong: it was not made with JIESU_WECHAT_TOKEN")
        if not _TIME.fullmatch(moment):
            raise BadPush(403, "the timestamp is none")
        off = abs(int(moment) - self._clock().timestamp())
        if off > WINDOW_SECONDS:
            raise BadPush(403, f"the push is {off:.0f} s from our clock: an old one, or this machine's clock is wrong")

    def _unsealed(self, part: str) -> Opened:
        try:
            sealed = base64.b64decode(part, validate=True)
        except (binascii.Error, ValueError):
            raise BadPush(400, "the sealed part is no base64") from None
        if not sealed or len(sealed) % BLOCK:
            raise BadPush(400, "the sealed part is not made of whole blocks")
        for index, key in enumerate(self._keys):
            message = self._message(sealed, key)
            if message is not None:
                return Opened(message, True, index)
        raise BadPush(403, f"no key of {KEY_SETTING} opens the push for this JIESU_WECHAT_APPID")

    def _message(self, sealed: bytes, key: bytes) -> bytes | None:
        """None where this is not the key, or what it opens is not for this app id."""
        decryptor = _cipher(key).decryptor()
        whole = decryptor.update(sealed) + decryptor.finalize()
        pad = whole[-1]
        if not 1 <= pad <= BLOCK or whole[-pad:] != bytes([pad]) * pad:
            return None
        whole = whole[RANDOM:-pad]
        length, rest = int.from_bytes(whole[:LENGTH], "big"), whole[LENGTH:]
        if len(whole) < LENGTH or length > len(rest):
            return None
        if not hmac.compare_digest(rest[length:], self._appid.encode()):
            return None
        return rest[:length]

    def _for_us(self, xml: bytes) -> None:
        if self._account and value(tree(xml), "ToUserName") != self._account:
            raise BadPush(403, "the push is for another account")


def _read(aes_keys: Sequence[str]) -> list[bytes]:
    if isinstance(aes_keys, str) or len(aes_keys) > 2:
        raise ValueError(f"{KEY_SETTING} holds one key, or the new one and the old one")
    for place, key in enumerate(aes_keys, 1):
        if not _KEY.fullmatch(key):
            raise ValueError(f"{KEY_SETTING}: key {place} is no EncodingAESKey: 43 letters and digits")
    # The last character may carry bits beyond the 32 bytes: they are left out, as WeChat does.
    return [base64.b64decode(key + "=") for key in aes_keys]


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def _bytes(text: str) -> bytes:
    """A query may hold anything, half a character among it."""
    return text.encode("utf-8", "surrogatepass")


def _signature(*values: str) -> str:
    return hashlib.sha1(b"".join(sorted(map(_bytes, values))), usedforsecurity=False).hexdigest()
