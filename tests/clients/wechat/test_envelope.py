"""Only WeChat's own pushes open, in every mode; whatever else comes is BadPush and nothing else."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from defusedxml.ElementTree import fromstring

from integrations.clients.wechat.envelope import BadPush, Envelope
from tests.clients.wechat.official import (
    AES_KEY,
    APPID,
    CHECK,
    PLAIN,
    REPLY,
    SAFE,
    SAFE_ENCRYPT,
    SAFE_PLAINTEXT,
    TOKEN,
)

NOW = 1_763_800_000
OLD_KEY, NEW_KEY = "o" * 43, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
TEXT = "<xml><ToUserName>gh_1</ToUserName><Content>路灯坏了</Content></xml>"


def at(seconds: float) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(seconds, UTC)


def envelope(*keys: str, mode: str = "safe", now: float = NOW, appid: str = APPID, account: str = "") -> Envelope:
    return Envelope(token=TOKEN, aes_keys=keys or [NEW_KEY], appid=appid, mode=mode, clock=at(now), account=account)


def signed(*values: str) -> str:
    return hashlib.sha1("".join(sorted([TOKEN, *values])).encode()).hexdigest()


def url(now: int = NOW, nonce: str = "77", **more: str) -> dict[str, str]:
    """The query of a push with a right url signature."""
    return {"timestamp": str(now), "nonce": nonce, "signature": signed(str(now), nonce), **more}


def push(part: str, *, beside: str = "", now: int = NOW) -> tuple[dict[str, str], bytes]:
    """A sealed push with both signatures right, whatever its part is."""
    query = url(now, encrypt_type="aes", msg_signature=signed(str(now), "77", part))
    body = f"<xml><ToUserName>gh_1</ToUserName>{beside}<Encrypt><![CDATA[{part}]]></Encrypt></xml>"
    return query, body.encode()


def part_of(reply: str) -> str:
    return str(fromstring(reply).findtext("Encrypt"))


def encrypted(whole: bytes, key: str = NEW_KEY) -> str:
    """Sealed by other hands: `whole` must be padded already."""
    secret = base64.b64decode(key + "=")
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).encryptor()
    return base64.b64encode(encryptor.update(whole) + encryptor.finalize()).decode()


def padded(whole: bytes) -> bytes:
    pad = 32 - len(whole) % 32
    return whole + bytes([pad]) * pad


def layout(message: bytes, *, length: int | None = None, appid: str = APPID) -> bytes:
    size = len(message) if length is None else length
    return b"r" * 16 + size.to_bytes(4, "big") + message + appid.encode()


def refused(query: Mapping[str, str], body: bytes, by: Envelope) -> BadPush:
    with pytest.raises(BadPush) as error:
        by.opened(query, body)
    return error.value


# -- WeChat's worked examples


def test_the_documented_check_is_answered_with_its_echo() -> None:
    assert envelope(mode="plain", now=1714036504).checked(CHECK) == "4375120948345356249"


def test_the_documented_plain_push_has_a_right_signature() -> None:
    body = b"<xml><MsgType>event</MsgType></xml>"
    assert envelope(mode="plain", now=1714037059).opened(PLAIN, body).xml == body


def test_the_documented_safe_push_opens_with_its_pad_of_19() -> None:
    body = f"<xml><ToUserName>gh_97417a04a28d</ToUserName><Encrypt>{SAFE_ENCRYPT}</Encrypt></xml>".encode()
    opened = envelope(AES_KEY, now=1714112445).opened(SAFE, body)
    assert (opened.xml.decode(), opened.sealed, opened.key_index) == (SAFE_PLAINTEXT, True, 0)


def test_the_documented_reply_is_sealed_to_the_byte() -> None:
    sealed = envelope(AES_KEY).sealed(
        str(REPLY["plaintext"]),
        timestamp=int(REPLY["timestamp"]),
        nonce=str(REPLY["nonce"]),
        random=str(REPLY["random"]).encode(),
    )
    root = fromstring(sealed)
    assert {child.tag: child.text for child in root} == {
        "Encrypt": REPLY["encrypt"],
        "MsgSignature": REPLY["msg_signature"],
        "TimeStamp": "1713424427",
        "Nonce": "415670741",
    }


# -- the check of the address


@pytest.mark.parametrize("without", ["signature", "timestamp", "nonce", "echostr"])
def test_a_check_that_lacks_anything_is_refused(without: str) -> None:
    query = {name: value for name, value in CHECK.items() if name != without}
    with pytest.raises(BadPush) as error:
        envelope(mode="plain", now=1714036504).checked(query)
    assert error.value.status == 403


@pytest.mark.parametrize(
    "changed",
    [{"signature": "f" * 40}, {"nonce": "1514711493"}, {"timestamp": "1714036505"}, {"signature": "签名"}],
)
def test_a_check_with_anything_changed_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(BadPush) as error:
        envelope(mode="plain", now=1714036504).checked(CHECK | changed)
    assert error.value.status == 403


@pytest.mark.parametrize("echo", ["", "<script>", "回声", "a b", "1\r\n2", "9" * 257, "1\n"])
def test_an_echo_that_could_be_a_page_is_not_echoed(echo: str) -> None:
    with pytest.raises(BadPush):
        envelope(mode="plain", now=1714036504).checked(CHECK | {"echostr": echo})


def test_half_a_character_in_the_query_is_refused_and_no_error() -> None:
    with pytest.raises(BadPush):
        envelope(mode="plain").checked(url(echostr="1") | {"nonce": "\ud800"})


# -- time


@pytest.mark.parametrize("off", [-301, 301, -86_400 * 365])
def test_a_push_from_another_time_is_refused_though_it_is_signed(off: int) -> None:
    assert refused(url(NOW + off), b"<xml/>", envelope(mode="plain")).status == 403


@pytest.mark.parametrize("off", [-300, 0, 300])
def test_a_push_within_five_minutes_is_taken(off: int) -> None:
    assert envelope(mode="plain").opened(url(NOW + off), b"<xml/>").xml == b"<xml/>"


@pytest.mark.parametrize("moment", ["now", "-1", "1" * 4000, "１７６３８０００００", "1e9", " 1763800000"])
def test_a_timestamp_that_is_none_is_refused(moment: str) -> None:
    query = {"timestamp": moment, "nonce": "77", "signature": signed(moment, "77")}
    assert refused(query, b"<xml/>", envelope(mode="plain")).status == 403


# -- which push is believed in which mode


@pytest.mark.parametrize("mode", ["safe", "compatible"])
def test_a_plain_push_with_a_right_url_signature_is_a_downgrade(mode: str) -> None:
    for query in (url(), url(encrypt_type="raw"), url(encrypt_type=""), url(encrypt_type="AES")):
        assert refused(query, TEXT.encode(), envelope(mode=mode)).status == 403


@pytest.mark.parametrize("mode", ["safe", "compatible"])
def test_the_url_signature_alone_proves_nothing(mode: str) -> None:
    ours = envelope(mode=mode)
    query, body = push(part_of(ours.sealed(TEXT)))
    assert refused({**query, "msg_signature": ""}, body, ours).status == 403
    assert refused({**query, "msg_signature": query["signature"]}, body, ours).status == 403
    query.pop("msg_signature")
    assert refused(query, body, ours).status == 403


def test_a_wrong_url_signature_does_not_matter_where_the_message_is_signed() -> None:
    ours = envelope()
    query, body = push(part_of(ours.sealed(TEXT)))
    assert ours.opened({**query, "signature": "0" * 40}, body).xml.decode() == TEXT


@pytest.mark.parametrize("mode", ["safe", "compatible"])
def test_plain_fields_beside_the_sealed_part_are_never_read(mode: str) -> None:
    ours = envelope(mode=mode)
    beside = "<FromUserName>somebody_else</FromUserName><Content>转人工</Content>"
    query, body = push(part_of(ours.sealed(TEXT)), beside=beside)
    assert ours.opened(query, body).xml.decode() == TEXT


def test_a_sealed_push_is_refused_in_plain_mode() -> None:
    plain = envelope(mode="plain")
    query, body = push(part_of(envelope().sealed(TEXT)))
    assert refused(query, body, plain).status == 403
    assert refused(url(), body, plain).status == 403, "the body is sealed, the query does not say so"


def test_an_unsigned_plain_push_is_refused() -> None:
    assert refused({}, TEXT.encode(), envelope(mode="plain")).status == 403
    assert refused(url() | {"signature": "0" * 40}, TEXT.encode(), envelope(mode="plain")).status == 403


def test_a_push_for_another_account_is_refused_and_for_ours_is_taken() -> None:
    assert refused(url(), TEXT.encode(), envelope(mode="plain", account="gh_2")).status == 403
    assert envelope(mode="plain", account="gh_1").opened(url(), TEXT.encode()).xml == TEXT.encode()
    query, body = push(part_of(envelope().sealed(TEXT)))
    assert refused(query, body, envelope(account="gh_2")).status == 403
    assert envelope(account="gh_1").opened(query, body).sealed


# -- what is sealed badly


def test_a_changed_part_with_the_old_signature_is_refused() -> None:
    body = f"<xml><Encrypt>AAAAAAAA{SAFE_ENCRYPT[8:]}</Encrypt></xml>".encode()
    assert refused(SAFE, body, envelope(AES_KEY, now=1714112445)).status == 403


def test_a_push_for_another_app_id_is_refused() -> None:
    body = f"<xml><Encrypt>{SAFE_ENCRYPT}</Encrypt></xml>".encode()
    assert refused(SAFE, body, envelope(AES_KEY, now=1714112445, appid="wx_other")).status == 403
    for tail in ("", APPID + "x", "x" + APPID, APPID[:-1]):
        assert refused(*push(encrypted(padded(layout(TEXT.encode(), appid=tail)))), envelope()).status == 403


@pytest.mark.parametrize(
    "part", ["!!!not-base64!!!", "QUJD", "=", "QUJDRA", "路灯坏了", base64.b64encode(b"x" * 16).decode(), "A" * 43]
)
def test_a_part_that_is_no_sealed_message_is_refused(part: str) -> None:
    assert refused(*push(part), envelope()).status in (400, 403)


@pytest.mark.parametrize("body", [b"", b"<xml></xml>", b"<xml><Encrypt/></xml>", b"<xml><Encrypt> </Encrypt></xml>"])
def test_a_sealed_push_without_a_part_is_refused(body: bytes) -> None:
    assert refused(url(encrypt_type="aes", msg_signature=signed(str(NOW), "77", "")), body, envelope()).status == 400


@pytest.mark.parametrize("ending", [0, 33, 255])
def test_a_pad_that_is_none_is_refused(ending: int) -> None:
    whole = padded(layout(TEXT.encode()))[:-1] + bytes([ending])
    assert refused(*push(encrypted(whole)), envelope()).status == 403


def test_every_byte_of_a_pad_is_looked_at() -> None:
    whole = bytearray(padded(layout(b"x" * 7)))
    pad = whole[-1]
    assert pad > 2
    whole[-pad] ^= 1
    assert refused(*push(encrypted(bytes(whole))), envelope()).status == 403


@pytest.mark.parametrize("length", [len(TEXT.encode()) + 1, 2**32 - 1, 2**31])
def test_a_length_beyond_the_data_is_refused(length: int) -> None:
    assert refused(*push(encrypted(padded(layout(TEXT.encode(), length=length)))), envelope()).status == 403


def test_a_message_shorter_than_its_frame_is_refused() -> None:
    for short in (b"", b"x" * 15, b"x" * 18):
        assert refused(*push(encrypted(padded(short))), envelope()).status == 403


@pytest.mark.parametrize("size", range(32))
def test_every_pad_from_1_to_32_opens(size: int) -> None:
    query, body = push(encrypted(padded(layout(b"x" * size))))
    assert envelope().opened(query, body).xml == b"x" * size


@pytest.mark.parametrize("body", [b"x" * (64 * 1024 + 1), b"<xml>" + b" " * 2 * 1024 * 1024 + b"</xml>"])
@pytest.mark.parametrize("mode", ["plain", "safe", "compatible"])
def test_a_huge_body_is_refused_before_it_is_read(body: bytes, mode: str) -> None:
    query = url() if mode == "plain" else url(encrypt_type="aes", msg_signature="0" * 40)
    assert refused(query, body, envelope(mode=mode)).status == 413


# -- changing the key


def test_while_the_key_is_changed_both_open_and_the_reply_goes_back_with_the_same() -> None:
    both = envelope(NEW_KEY, OLD_KEY)
    for index, key in enumerate((NEW_KEY, OLD_KEY)):
        opened = both.opened(*push(part_of(envelope(key).sealed(TEXT))))
        assert (opened.xml.decode(), opened.key_index) == (TEXT, index)
        reply = both.sealed("<xml>好</xml>", key_index=opened.key_index)
        assert envelope(key).opened(*push(part_of(reply))).xml.decode() == "<xml>好</xml>"


def test_without_a_word_the_new_key_seals() -> None:
    reply = envelope(NEW_KEY, OLD_KEY).sealed(TEXT)
    assert envelope(NEW_KEY).opened(*push(part_of(reply))).xml.decode() == TEXT


def test_a_key_that_is_gone_opens_nothing() -> None:
    assert refused(*push(part_of(envelope(OLD_KEY).sealed(TEXT))), envelope(NEW_KEY)).status == 403


def test_stray_bits_of_the_last_character_do_not_matter() -> None:
    # The last character carries 6 bits, of which the 32 bytes need 4: A and B are one key.
    reply = envelope("A" * 42 + "B").sealed(TEXT)
    assert envelope("A" * 43).opened(*push(part_of(reply))).xml.decode() == TEXT


# -- sealing


def test_a_reply_has_a_signature_of_its_own_time_and_nonce() -> None:
    root = fromstring(envelope().sealed(TEXT))
    assert root.findtext("TimeStamp") == str(NOW)
    assert root.findtext("MsgSignature") == signed(str(NOW), str(root.findtext("Nonce")), str(root.findtext("Encrypt")))


def test_the_same_reply_is_never_sealed_twice_alike() -> None:
    assert part_of(envelope().sealed(TEXT)) != part_of(envelope().sealed(TEXT))


@pytest.mark.parametrize("size", [0, 15, 17])
def test_a_wrong_number_of_random_bytes_is_an_error_of_the_caller(size: int) -> None:
    with pytest.raises(ValueError, match="16 random bytes"):
        envelope().sealed(TEXT, random=b"x" * size)


# -- settings


@pytest.mark.parametrize("key", ["", "short", "x" * 42, "x" * 44, "x" * 42 + "=", "-" * 43, "x" * 43 + "\n", "钥" * 43])
def test_a_key_that_is_none_names_its_setting_and_is_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="JIESU_WECHAT_AES_KEY") as error:
        envelope(key)
    assert not key or key not in str(error.value)


@pytest.mark.parametrize("mode", ["safe", "compatible"])
def test_a_sealed_mode_needs_a_key(mode: str) -> None:
    with pytest.raises(ValueError, match="JIESU_WECHAT_AES_KEY"):
        Envelope(token=TOKEN, aes_keys=[], appid=APPID, mode=mode, clock=at(NOW))


def test_plain_mode_needs_none() -> None:
    assert Envelope(token=TOKEN, aes_keys=[], appid=APPID, mode="plain", clock=at(NOW)).opened(url(), b"<xml/>")


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [
        ({"token": ""}, "JIESU_WECHAT_TOKEN"),
        ({"appid": ""}, "JIESU_WECHAT_APPID"),
        ({"mode": "open"}, "JIESU_WECHAT_MODE"),
        ({"aes_keys": [NEW_KEY] * 3}, "JIESU_WECHAT_AES_KEY"),
        ({"aes_keys": NEW_KEY}, "JIESU_WECHAT_AES_KEY"),
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, object], setting: str) -> None:
    right: dict[str, object] = {"token": TOKEN, "aes_keys": [NEW_KEY], "appid": APPID, "mode": "safe", "clock": at(NOW)}
    with pytest.raises(ValueError, match=setting):
        Envelope(**{**right, **wrong})  # type: ignore[arg-type]


# -- nothing is told, nothing breaks


def test_no_refusal_tells_of_what_was_pushed() -> None:
    secret = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
    text = f"<xml><FromUserName>{secret}</FromUserName><Content>{secret}</Content></xml>"
    attempts = [
        (url(nonce=secret) | {"signature": secret}, text.encode(), envelope(mode="plain")),
        (url(openid=secret), text.encode(), envelope()),
        (*push(secret), envelope()),
        (*push(part_of(envelope(OLD_KEY).sealed(text))), envelope()),
        (url(), text.replace("</Content>", "").encode(), envelope(mode="plain")),
        (url(), f"<!DOCTYPE {secret}>{text}".encode(), envelope(mode="plain")),
    ]
    for query, body, by in attempts:
        told = refused(query, body, by)
        assert secret not in str(told) and told.__cause__ is None
        assert TOKEN not in str(told) and NEW_KEY not in str(told)
    assert secret not in repr(envelope(mode="plain").opened(url(), text.encode()))


def test_two_thousand_mutated_envelopes_raise_nothing_but_bad_push() -> None:
    chance, taken, kept_out = random.Random(8), 0, 0
    ours = envelope(NEW_KEY, OLD_KEY)
    for _ in range(2000):
        sealed = bytearray(base64.b64decode(part_of(ours.sealed(TEXT, random=b"r" * 16))))
        for _ in range(chance.randrange(4)):
            how, place = chance.randrange(4), chance.randrange(len(sealed) or 1)
            if how == 0 and sealed:
                sealed[place] ^= 1 << chance.randrange(8)
            elif how == 1:
                del sealed[place : place + chance.choice([1, 16, 32])]
            elif how == 2:
                sealed[place:place] = bytes(chance.randrange(256) for _ in range(chance.choice([1, 16, 32])))
            elif sealed:
                sealed = sealed[: place + 1]
        # Rightly signed, so that the mutation gets to what opens it.
        query, body = push(base64.b64encode(bytes(sealed)).decode())
        raw = bytearray(body)
        if chance.random() < 0.3:
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        if chance.random() < 0.2:
            query.pop(chance.choice(sorted(query)))
        try:
            ours.opened(query, bytes(raw))
            taken += 1
        except BadPush as refusal:
            assert refusal.status in (400, 403, 413)
            kept_out += 1
    assert taken > 100 and kept_out > 1000


def test_the_clock_is_read_anew_at_each_push() -> None:
    moments = [datetime.fromtimestamp(NOW, UTC)]
    ours = Envelope(token=TOKEN, aes_keys=[], appid=APPID, mode="plain", clock=lambda: moments[-1])
    assert ours.opened(url(), b"<xml/>")
    moments.append(moments[0] + timedelta(minutes=6))
    assert refused(url(), b"<xml/>", ours).status == 403
