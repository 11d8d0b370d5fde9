"""The emulator's pushes: the retry law, what counts as an answer, sealing, faults on order and by chance."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.fake_wechat import FAULT, Account, Clock, FakeWechat, Mode
from tests.fake_wechat.sealing import Seal, WrongSeal, signature

# Fifty times as fast as WeChat would be too little room on a busy machine for who answers in time.
PATIENCE = 0.4
Script = Callable[[dict[str, str], dict[str, str]], Any]


class Scripted:
    """An account that answers each push by the next of `script`, the last one for all that follow."""

    def __init__(self, account: Account | None = None, *script: Script) -> None:
        self.account = account or Account()
        self.seal = Seal(self.account.aes_key, self.account.appid, self.account.token)
        self.script = list(script)
        self.heard: list[tuple[dict[str, str], dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.lock = threading.Lock()

    def __call__(self, method: str, query: dict[str, str], body: bytes) -> Any:
        if method == "GET":
            return query["echostr"]
        outer = fields(body)
        if "Encrypt" in outer:
            inner = self.seal.opened(
                outer["Encrypt"], signed=query["msg_signature"], timestamp=query["timestamp"], nonce=query["nonce"]
            )
            found = fields(inner.encode())
        else:
            found = outer
        with self.lock:
            self.heard.append((query, found))
            self.bodies.append(body)
            answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return answer(query, found)

    # -- answers -------------------------------------------------------------------------------------------------------

    def text(
        self, words: str, *, sealed: bool | None = None, spoil: str = "", after: float = 0.0, **change: str
    ) -> Script:
        """A reply of these words. `spoil` a part of the sealing."""

        def answer(query: dict[str, str], push: dict[str, str]) -> str:
            time.sleep(after)
            said = {
                "ToUserName": push["FromUserName"],
                "FromUserName": push["ToUserName"],
                "CreateTime": "1",
                "MsgType": "text",
                "Content": words,
                **change,
            }
            xml = "<xml>" + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in said.items()) + "</xml>"
            if sealed is False or (sealed is None and self.account.mode is Mode.PLAIN):
                return xml
            whole = self.seal.sealed(xml)
            signed = self.seal.signed(whole, "7", "n")
            parts = {"Encrypt": whole, "MsgSignature": signed, "TimeStamp": "7", "Nonce": "n"}
            if spoil:
                parts[spoil] = "A" * len(parts[spoil])
            return "<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in parts.items()) + "</xml>"

        return answer


def fields(body: bytes) -> dict[str, str]:
    return {one.tag: one.text or "" for one in ElementTree.fromstring(body)}


def says(answer: Any, *, after: float = 0.0) -> Script:
    def script(_query: dict[str, str], _push: dict[str, str]) -> Any:
        time.sleep(after)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return script


SUCCESS, LATE, BROKEN = says("success"), says("success", after=PATIENCE * 1.6), says(ConnectionResetError())


@pytest.fixture
def running() -> Iterator[Callable[..., FakeWechat]]:
    started: list[FakeWechat] = []

    def run(scripted: Any, **more: Any) -> FakeWechat:
        account = getattr(scripted, "account", None)
        fake = FakeWechat(account, hook=scripted, patience=more.pop("patience", PATIENCE), **more).start()
        started.append(fake)
        return fake

    yield run
    for one in started:
        one.stop()


# -- the retry law --------------------------------------------------------------------------------------------------


def test_after_three_late_tries_the_citizen_reads_that_it_is_out_of_order(running: Callable[..., FakeWechat]) -> None:
    account = Scripted(None, LATE)
    fake = running(account)
    phone = fake.citizen()
    began = time.monotonic()
    record = phone.say("有人吗").wait()
    assert record.outcomes == ["late"] * 3
    assert time.monotonic() - began > PATIENCE * 2.9
    assert (record.result, phone.faults, fake.shown_faults) == ("fault", 1, 1)
    assert phone.entries[-1].text == FAULT
    assert len({push["MsgId"] for _, push in account.heard}) == 1
    assert len({push["CreateTime"] for _, push in account.heard}) == 1


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_answer_to_any_of_three_tries_counts_and_nothing_follows(
    running: Callable[..., FakeWechat], number: int
) -> None:
    account = Scripted()
    account.script = [LATE] * (number - 1) + [account.text("收到")]
    phone = running(account).citizen()
    record = phone.say("路灯不亮").wait()
    assert record.outcomes == ["late"] * (number - 1) + ["reply"]
    assert (phone.texts("passive"), phone.faults, len(account.heard)) == (["收到"], 0, number)


def test_an_answer_that_comes_too_late_is_thrown_away(running: Callable[..., FakeWechat]) -> None:
    account = Scripted()
    account.script = [account.text("晚到的", after=PATIENCE * 1.5), SUCCESS]
    phone = running(account).citizen()
    record = phone.say("在吗").wait()
    assert record.outcomes == ["late", "nothing"]
    for _ in range(100):
        if record.late_answers:
            break
        time.sleep(0.05)
    assert (record.late_answers, phone.heard()) == (1, [])


def test_a_broken_connection_and_a_status_are_tried_again_at_the_same_distance(
    running: Callable[..., FakeWechat],
) -> None:
    account = Scripted(None, BROKEN, says((502, b"bad gateway")), SUCCESS)
    record = running(account).citizen().say("在吗").wait()
    assert record.outcomes == ["refused", "refused", "nothing"]
    assert [one.status for one in record.tries] == [0, 502, 200]


def test_nobody_listening_is_three_failures(running: Callable[..., FakeWechat]) -> None:
    phone = running("http://127.0.0.1:9/wechat", apart=0.01).citizen()
    assert phone.say("在吗").wait().outcomes == ["refused"] * 3
    assert phone.faults == 1


@pytest.mark.parametrize("nothing", ["success", "", b""])
def test_success_and_an_empty_body_say_nothing(running: Callable[..., FakeWechat], nothing: Any) -> None:
    phone = running(Scripted(None, says(nothing))).citizen()
    assert phone.say("在吗").wait().result == "nothing"
    assert [one.sender for one in phone.entries] == ["citizen"]


# -- what counts as an answer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("garbage", ['{"text": "好"}', "SUCCESS!", "<xml><a></xml>", "<html/>", "<xml></xml>"])
@pytest.mark.parametrize("mode", ["plain", "safe"])
def test_garbage_is_out_of_order_at_once(running: Callable[..., FakeWechat], garbage: str, mode: str) -> None:
    phone = running(Scripted(Account(mode=mode), says(garbage))).citizen()
    record = phone.say("在吗").wait()
    assert (record.outcomes, record.tries[0].why != "") == (["bad"], True)
    assert phone.faults == 1


@pytest.mark.parametrize("spoil", ["MsgSignature", "Encrypt", "TimeStamp", "Nonce"])
def test_a_reply_that_is_sealed_wrongly_is_out_of_order(running: Callable[..., FakeWechat], spoil: str) -> None:
    account = Scripted()
    account.script = [account.text("好", spoil=spoil)]
    phone = running(account).citizen()
    assert phone.say("在吗").wait().outcomes == ["bad"]
    assert (phone.faults, phone.heard()) == (1, [])


@pytest.mark.parametrize(("mode", "sealed"), [("safe", False), ("plain", True)])
def test_a_reply_in_the_other_mode_is_out_of_order(running: Callable[..., FakeWechat], mode: str, sealed: bool) -> None:
    account = Scripted(Account(mode=mode))
    account.script = [account.text("好", sealed=sealed)]
    assert running(account).citizen().say("在吗").wait().outcomes == ["bad"]


@pytest.mark.parametrize(
    "wrong", [{"ToUserName": "o-somebody"}, {"FromUserName": "gh_other"}, {"MsgType": "msgmenu"}, {"CreateTime": "now"}]
)
def test_a_reply_with_a_wrong_field_is_out_of_order(running: Callable[..., FakeWechat], wrong: dict[str, str]) -> None:
    account = Scripted()
    account.script = [account.text("好", **wrong)]
    assert running(account).citizen().say("在吗").wait().outcomes == ["bad"]


@pytest.mark.parametrize(
    ("words", "result"), [("字" * 682 + "ab", "reply"), ("字" * 682 + "abc", "fault"), (" ", "fault")]
)
def test_a_reply_has_2048_bytes_at_most_and_one_letter_at_least(
    running: Callable[..., FakeWechat], words: str, result: str
) -> None:
    account = Scripted()
    account.script = [account.text(words)]
    assert running(account).citizen().say("在吗").wait().result == result


def test_the_failure_of_an_event_that_shows_nothing_shows_nothing(running: Callable[..., FakeWechat]) -> None:
    phone = running(Scripted(None, says("garbage"))).citizen()
    assert phone.auto_location(30.2, 120.1).wait().result == "fault"
    assert phone.unfollow().wait().result == "fault"
    assert phone.faults == 0
    phone.follow().wait()
    phone.click_menu("a").wait()
    assert phone.faults == 2


# -- signatures and modes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_a_push_is_signed_and_shows_what_its_mode_shows(running: Callable[..., FakeWechat], mode: str) -> None:
    account = Scripted(Account(mode=mode))
    account.script = [account.text("好")]
    phone = running(account).citizen()
    assert phone.say("有 ]]> 两个").wait().result == "reply"
    (query, push), outer = account.heard[0], fields(account.bodies[0])
    assert query["signature"] == signature(account.account.token, query["timestamp"], query["nonce"])
    assert (query["openid"], push["Content"], push["ToUserName"]) == (
        phone.openid,
        "有 ]]> 两个",
        account.account.original_id,
    )
    assert ("Content" in outer, "Encrypt" in outer) == (mode != "safe", mode != "plain")
    assert query.get("encrypt_type") == (None if mode == "plain" else "aes")


def test_tencents_worked_example_is_opened_and_made() -> None:
    seal = Seal("A" * 43, "wxba5fad812f8e6fb9", "AAAAA")
    sealed = seal.sealed('{"demo_resp":"good luck"}', b"707722b803182950")
    assert sealed == "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    signed = seal.signed(sealed, "1713424427", "415670741")
    assert signed == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    assert seal.opened(sealed, signed=signed, timestamp="1713424427", nonce="415670741") == '{"demo_resp":"good luck"}'
    assert signature("AAAAA", "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    with pytest.raises(WrongSeal):
        Seal("A" * 43, "wx0", "AAAAA").opened(sealed, signed=signed, timestamp="1713424427", nonce="415670741")


def test_the_console_accepts_a_hook_that_gives_back_the_echo_and_no_other(running: Callable[..., FakeWechat]) -> None:
    fake = running(Scripted(None, SUCCESS))
    assert fake.check_hook()
    fake.hook = lambda _method, query, _body: f'"{query["echostr"]}"'
    assert not fake.check_hook()


# -- kinds of messages and events ------------------------------------------------------------------------------------


def test_every_kind_carries_its_fields(running: Callable[..., FakeWechat]) -> None:
    account = Scripted(None, SUCCESS)
    fake = running(account)
    phone = fake.citizen()
    for pushed in (
        phone.send_picture(b"x"),
        phone.send_voice(b"x", b"y", recognition=""),
        phone.send_video(),
        phone.send_pin(30.274085, 120.15507, "文三路"),
        phone.send_link("标题", "说明", "https://a.example/"),
        phone.send_sticker(),
        phone.scan("poster"),
        phone.click_menu("report"),
    ):
        pushed.wait()
    picture, voice, video, pin, link, sticker, scan, click = (push for _, push in account.heard)
    assert picture["PicUrl"].startswith(fake.url)
    assert (voice["Format"], voice["Recognition"], voice["MediaId"] != voice["MediaId16K"]) == ("amr", "", True)
    assert {"MediaId", "ThumbMediaId"} <= set(video)
    assert (pin["Location_X"], pin["Location_Y"], pin["Label"]) == ("30.274085", "120.155070", "文三路")
    assert (link["Title"], link["Url"]) == ("标题", "https://a.example/")
    assert sticker["Content"].startswith("【收到不支持的消息类型")
    assert (scan["Event"], scan["EventKey"], "MsgId" in scan) == ("SCAN", "poster", False)
    assert (click["Event"], click["EventKey"]) == ("CLICK", "report")
    assert len({push["MsgId"] for _, push in account.heard if "MsgId" in push}) == 6


def test_a_scan_by_who_does_not_follow_is_a_follow(running: Callable[..., FakeWechat]) -> None:
    account = Scripted(None, SUCCESS)
    running(account).citizen(follows=False).scan("poster").wait()
    assert (account.heard[0][1]["Event"], account.heard[0][1]["EventKey"]) == ("subscribe", "qrscene_poster")


# -- faults ---------------------------------------------------------------------------------------------------------


def test_a_reply_lost_on_the_way_is_followed_by_a_retry(running: Callable[..., FakeWechat]) -> None:
    account = Scripted()
    account.script = [account.text("收到")]
    fake = running(account)
    fake.push_faults.order("dropped")
    phone = fake.citizen()
    assert phone.say("在吗").wait().outcomes == ["lost", "reply"]
    assert (len(account.heard), phone.texts()) == (2, ["收到"])


def test_a_push_lost_on_the_way_is_not_heard(running: Callable[..., FakeWechat]) -> None:
    account = Scripted(None, SUCCESS)
    fake = running(account)
    fake.push_faults.order("unheard")
    assert fake.citizen().say("在吗").wait().outcomes == ["lost", "nothing"]
    assert len(account.heard) == 1


def test_a_doubled_push_comes_twice_and_its_reply_is_shown_once(running: Callable[..., FakeWechat]) -> None:
    account = Scripted()
    account.script = [account.text("收到")]
    fake = running(account)
    fake.push_faults.order("doubled")
    phone = fake.citizen()
    assert phone.say("在吗").wait().outcomes == ["reply"]
    for _ in range(100):
        if len(account.heard) == 2:
            break
        time.sleep(0.02)
    assert (len(account.heard), len({push["MsgId"] for _, push in account.heard}), phone.texts()) == (2, 1, ["收到"])


def test_a_push_held_back_comes_after_the_next(running: Callable[..., FakeWechat]) -> None:
    account = Scripted(None, SUCCESS)
    fake = running(account, patience=2.0)
    fake.push_faults.order("reordered")
    phone = fake.citizen()
    first = phone.say("一")
    time.sleep(0.05)
    phone.say("二").wait()
    first.wait()
    assert [push["Content"] for _, push in account.heard] == ["二", "一"]
    assert int(account.heard[0][1]["MsgId"]) > int(account.heard[1][1]["MsgId"])


def test_a_delayed_push_has_the_time_at_which_it_was_said(running: Callable[..., FakeWechat]) -> None:
    account = Scripted(None, SUCCESS)
    fake = running(account, clock=Clock(1_800_000_000))
    fake.push_faults.order("delayed", seconds=0.2)
    pushed = fake.citizen().say("一")
    fake.clock.advance(40)
    pushed.wait()
    assert account.heard[0][1]["CreateTime"] == "1800000000"


def test_chance_with_a_seed_is_the_same_each_time_and_never_shows_the_fault_by_itself(
    running: Callable[..., FakeWechat],
) -> None:
    def run(seed: int) -> list[list[str]]:
        fake = running(Scripted(None, SUCCESS), apart=0.0)
        fake.push_faults.by_chance(seed=seed, dropped=0.4, unheard=0.2, doubled=0.1)
        phone = fake.citizen()
        outcomes = [list(phone.say(str(number)).wait().outcomes) for number in range(30)]
        assert fake.shown_faults == 0
        return outcomes

    assert run(7) == run(7) != run(8)


# -- many, and over the wire -----------------------------------------------------------------------------------------


def test_many_citizens_are_pushed_at_once(running: Callable[..., FakeWechat]) -> None:
    account = Scripted(None, says("success", after=0.05))
    fake = running(account, patience=20.0)
    pushed = [fake.citizen().say("一") for _ in range(40)]
    assert {one.wait().result for one in pushed} == {"nothing"}
    assert len({push["FromUserName"] for _, push in account.heard}) == 40


def test_over_a_real_connection_patience_ends_it_and_the_retry_is_answered(running: Callable[..., FakeWechat]) -> None:
    account = Scripted()
    account.script = [LATE, account.text("收到")]
    left: list[bool] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = dict(one.split("=", 1) for one in self.path.partition("?")[2].split("&"))
            body = str(account("POST", query, self.rfile.read(int(self.headers["content-length"])))).encode()
            self.connection.setblocking(False)
            try:
                left.append(self.connection.recv(1, socket.MSG_PEEK) == b"")
            except BlockingIOError:
                left.append(False)
            self.connection.setblocking(True)
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_about: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        phone = running(f"http://127.0.0.1:{server.server_port}/wechat").citizen()
        assert phone.say("在吗").wait().outcomes == ["late", "reply"]
        assert phone.texts() == ["收到"]
        for _ in range(100):
            if len(left) == 2:
                break
            time.sleep(0.02)
        assert sorted(left) == [False, True]
    finally:
        server.shutdown()
        server.server_close()


def test_it_runs_in_a_loop_of_the_tests_as_well() -> None:
    account = Scripted()
    account.script = [account.text("收到")]

    async def talk() -> list[str]:
        async with FakeWechat(account.account, hook=account, patience=5.0) as fake:
            phone = fake.citizen()
            record = await phone.say("在吗")
            assert record.result == "reply"
            assert await fake.checked_hook()
            await phone.waited_for("收到")
            with pytest.raises(TimeoutError, match="在吗"):
                await phone.waited_for(2, seconds=0.05)
            return phone.texts()

    assert asyncio.run(talk()) == ["收到"]
