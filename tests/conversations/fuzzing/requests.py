"""What is posted to the chat API: messages and taps as a front end sends them, and everything that none would send.

Made from a seed alone, so that a run can be made again. What depends on what was answered is left open: the button
that is tapped among those that are shown, and the number of somebody else's ticket.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from integrations.services.conversing import MAX_CHARACTERS
from integrations.web.app import BODY_LIMIT
from kb.text import clean
from tests.conversations.fuzzing import texts
from tests.conversations.fuzzing.markers import Markers
from tests.media_files import VOICE, photo

MESSAGES, LINES, SESSION = "/api/chat/messages", "/api/chat/messages", "/api/chat/session"
TYPING, MEDIA = "/api/chat/typing", "/api/chat/media"
JSON = "application/json"
# Stands in a text for the number of somebody else's ticket.
OTHERS_TICKET = "〔别人的编号〕"
# Too fast or too busy: always allowed, and nothing was stored.
LATER = 429
_TAKEN, _REFUSED = frozenset({200}), frozenset({422})
_PLACES = ("李沧区书院路{}号", "市北区台东三路{}号", "崂山区海尔路{}号", "城阳区正阳路{}号", "市南区新浦路{}号")
_MATTERS = (
    "门口的路灯坏了三天了",
    "的垃圾桶满了没人收",
    "楼下烧烤店油烟太大",
    "前面的井盖响了好几天",
    "夜里施工吵得睡不着",
)


@dataclass(frozen=True)
class Request:
    """One request. `expects`: the statuses that are right, beside `LATER`.

    `tap`: a part of 1, by which one of the buttons is chosen that are shown when it is sent; then there is no body.
    `waits`: whether the answer is waited for before the next is sent. `text`: what is said, where it is a message.
    """

    kind: str
    method: str
    path: str
    expects: frozenset[int]
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    tap: float | None = None
    waits: bool = True
    text: str | None = None

    def shown(self, most: int = 400) -> str:
        """For a message about it: all that is needed to send it again, where it is not too long."""
        body = self.body if len(self.body) <= most else self.body[:most] + b" ... %d bytes" % len(self.body)
        return f"{self.kind}: {self.method} {self.path} {self.headers or ''} {body!r}"


class Maker:
    """The requests of one citizen, one after the other. The same seed and citizen give the same ones."""

    def __init__(self, seed: int, citizen: int, markers: Markers) -> None:
        self._random = Random(f"{seed}/{citizen}")
        self._markers = markers
        self._sent: list[Request] = []

    def next(self) -> Request:
        """One more."""
        (make,) = self._random.choices([one for one, _ in KINDS], [weight for _, weight in KINDS])
        made = make(self)
        self._sent.append(made)
        return made

    # -- messages that may be taken --------------------------------------------------------------------------

    def jumble(self) -> Request:
        return self._say("jumble", self._marked(texts.jumble(self._random)))

    def one_plane(self) -> Request:
        return self._say("one plane", self._marked(texts.one_plane(self._random)))

    def long(self) -> Request:
        return self._say("long", texts.long(self._random))

    def attack(self) -> Request:
        return self._say("attack", self._marked(texts.attack(self._random)))

    def number(self) -> Request:
        return self._say("number", texts.number(self._random))

    def mutated(self) -> Request:
        sentence = texts.mutated(self._random, self._random.choice(texts.sentences()))
        return self._say("mutated", self._marked(sentence))

    def others_ticket(self) -> Request:
        how = self._random.choice(
            ("{}", "查一下{}", "编号{}，尾号0001", "{}办到哪了，我是{}的家属", "撤掉{}", "给{}催一下")
        )
        return self._say("other's ticket", how.replace("{}", OTHERS_TICKET))

    def report(self) -> Request:
        """A complaint of one's own with everything personal in it, as people write it."""
        mine, random = self._markers, self._random
        said = [
            random.choice(_PLACES).format(random.randint(1, 9)) + random.choice(_MATTERS),
            *random.sample((f"我叫{mine.name}", f"电话{mine.phone}", f"微信{mine.account}"), random.randint(0, 3)),
            mine.word,
        ]
        return self._say("report", "，".join(said))

    def phone(self) -> Request:
        return self._say("phone", self._markers.phone)

    def tap(self) -> Request:
        """A button that is shown."""
        return Request("tap", "POST", MESSAGES, _TAKEN, self._body({"id": self._id()}), tap=self._random.random())

    def no_button(self) -> Request:
        random = self._random
        choice = {"seq": random.choice((1, 2, 9_999, 2**31 - 1)), "option": random.choice((4, 50, 99, 100))}
        return self._posted("no such button", {"id": self._id(), "choice": choice}, frozenset({422}))

    def pin(self) -> Request:
        random = self._random
        location = {"lat": random.uniform(-90, 90), "lon": random.uniform(-180, 180)}
        if random.random() < 0.5:
            location = {"lat": random.uniform(35.5, 37.2), "lon": random.uniform(119.5, 121.0)}
        more = {"crs": random.choice(("WGS-84", "GCJ-02", "BD-09")), "label": texts.one_plane(random)[:90]}
        return self._posted("pin", {"id": self._id(), "location": {**location, **more}}, frozenset({200}))

    def replayed(self) -> Request:
        """Something that was sent before under the same id: all the same, or with other words."""
        before = [one for one in self._sent if one.text is not None and one.expects == _TAKEN]
        if not before:
            return self.mutated()
        one = self._random.choice(before)
        if self._random.random() < 0.5:
            return Request("replayed", one.method, one.path, _TAKEN, one.body, one.headers, waits=False, text=one.text)
        again = {**json.loads(one.body), "text": "换一句话"}
        return Request("replayed otherwise", "POST", MESSAGES, _TAKEN, self._body(again), waits=False)

    # -- what no front end sends -----------------------------------------------------------------------------

    def half_character(self) -> Request:
        half = f"\\u{self._random.randint(0xD800, 0xDFFF):04x}"
        place = self._random.choice(("text", "id", "label", "key"))
        body = {
            "text": f'{{"id":"{self._id()}","text":"路灯{half}坏了"}}',
            "id": f'{{"id":"{self._id()}{half}","text":"路灯坏了"}}',
            "label": f'{{"id":"{self._id()}","location":{{"lat":36,"lon":120,"label":"{half}"}}}}',
            "key": f'{{"id":"{self._id()}","text":"路灯坏了","{half}":1}}',
        }[place]
        return Request(f"half a character in {place}", "POST", MESSAGES, _REFUSED, body.encode())

    def malformed(self) -> Request:
        random, mine = self._random, self._id()
        good = json.dumps({"id": mine, "text": "路灯坏了"}).encode()
        body = random.choice(
            (
                *(b"", b"{", b"null", b"[]", b'""', b"0", b"\xff\xfe\x00", b"\x00", b"[" * 20_000, b'{"a":' * 9_000),
                *(
                    good[: random.randrange(len(good))],
                    good + b"}",
                ),
                *(
                    b'{"id":"%b","text":"\xff\xfe"}' % mine.encode(),
                    b'{"id":"%b","text":"\xed\xa0\x80"}' % mine.encode(),
                ),
                *(
                    b'{"id":"%b","text":%b}' % (mine.encode(), value)
                    for value in (b"null", b"1", b"[]", b"{}", b"true")
                ),
                b'{"id":"%b","choice":{"seq":%b,"option":1}}' % (mine.encode(), b"9" * 5_000),
                b'{"id":"%b","location":{"lat":NaN,"lon":Infinity}}' % mine.encode(),
                b'{"id":"%b","location":{"lat":1e999,"lon":-1e999}}' % mine.encode(),
            )
        )
        return Request("malformed", "POST", MESSAGES, frozenset({400, 422}), body)

    def other_encoding(self) -> Request:
        """JSON that is no UTF-8; some of it is understood all the same."""
        good = json.dumps({"id": self._id(), "text": f"路灯坏了{self._markers.word}"}, ensure_ascii=False)
        how = self._random.choice(("utf-16", "utf-8-sig", "utf-32-le", "utf-16-be", "gb18030"))
        return Request(f"encoding in {how}", "POST", MESSAGES, frozenset({200, 400, 422}), good.encode(how))

    def wrong_values(self) -> Request:
        random, mine = self._random, self._id()
        body = random.choice(
            (
                {"text": "路灯坏了"},
                {"id": "short", "text": "路灯坏了"},
                {"id": "x" * 65, "text": "路灯坏了"},
                {"id": "a b c d e f", "text": "路灯坏了"},
                {"id": "wait:12345", "text": "路灯坏了"},
                {"id": mine, "text": "路灯坏了", "choice": {"seq": 1, "option": 1}},
                {"id": mine, "text": "路灯坏了", "payload": "/restart"},
                {"id": mine, "choice": {"seq": 0, "option": 1}},
                {"id": mine, "choice": {"seq": 2**31, "option": 1}},
                {"id": mine, "choice": {"seq": 1, "option": 0}},
                {"id": mine, "choice": {"seq": "1; --", "option": 1.5}},
                {"id": mine, "location": {"lat": 91, "lon": 0}},
                {"id": mine, "location": {"lat": 36, "lon": 120, "crs": "EPSG:3857"}},
                {"id": mine, "location": {"lat": 36, "lon": 120, "label": "长" * 101}},
                {"id": mine},
                {"id": [mine], "text": ["路灯坏了"]},
            )
        )
        return self._posted("wrong values", body, frozenset({422}))

    def wrong_type(self) -> Request:
        kinds = (
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "",
            "x" * 900,
        )
        headers = {
            "content-type": self._random.choice((*kinds, "multipart/form-data; boundary=", "application/json+x"))
        }
        body = self._body({"id": self._id(), "text": "路灯坏了"})
        # some say something that counts as JSON after all
        return Request("wrong content type", "POST", MESSAGES, frozenset({200, 400, 415, 422}), body, headers)

    def without_header(self) -> Request:
        body = self._body({"id": self._id(), "text": "路灯坏了"})
        return Request("no header", "POST", MESSAGES, frozenset({403}), body, {"x-jiesu": ""})

    def cursor(self) -> Request:
        random = self._random
        if random.random() < 0.4:
            return Request("cursor", "GET", f"{LINES}?after={random.choice((0, 1, 3, 9_999, 2**31 - 1))}", _TAKEN)
        wrong = ("-1", "x", "1.5", "1e9", "%00", "%F0%9F%98%80", str(2**31), "9" * 400, "", "0;--", "null", "１")
        return Request("wrong cursor", "GET", f"{LINES}?after={random.choice(wrong)}", frozenset({200, 422}))

    def stranger(self) -> Request:
        """Without a session of ours."""
        cookies = ("", "x.y", "a" * 3_000, "jiesu_session=x", "\u00e9.\u00e9", ".", "x." + "0" * 64)
        headers = {"cookie": f"jiesu_session={self._random.choice(cookies)}"}
        body = self._body({"id": self._id(), "text": "路灯坏了"})
        if self._random.random() < 0.5:
            return Request("no session", "GET", f"{LINES}?after=0", frozenset({401}), headers=headers)
        return Request("no session", "POST", MESSAGES, frozenset({401}), body, headers)

    def typing(self) -> Request:
        return Request("typing", "POST", TYPING, frozenset({204}), b"{}")

    def nowhere(self) -> Request:
        wrong = (
            "/api/chat/",
            "/api/chat/messages/1",
            "/api/chat/media/x",
            "/api/chat/media/..%2f..",
            "/api/%00",
            "/../x",
        )
        method = self._random.choice(("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"))
        return Request("nowhere", method, self._random.choice(wrong), frozenset({400, 403, 404, 405, 422}))

    def media(self) -> Request:
        """A picture, half a picture, a recording, or something else in a form that is right or torn."""
        random, edge = self._random, "e" * 16
        picture = photo(random.choice(("red", "green")))
        contents = (picture, picture[: len(picture) // 2], VOICE, b"", b"<svg onload=alert(1)>", b"GIF89a" + b"\0" * 50)
        name = random.choice(("a.jpg", "../../a.jpg", "照片.jpg", 'a";x="', "\u202egpj.exe"))
        body = (
            f'--{edge}\r\ncontent-disposition: form-data; name="id"\r\n\r\n{self._id()}\r\n'
            f'--{edge}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n'
            f"content-type: image/jpeg\r\n\r\n"
        ).encode() + random.choice(contents)
        if random.random() < 0.8:
            body += f"\r\n--{edge}--\r\n".encode()
        headers = {"content-type": f"multipart/form-data; boundary={edge}"}
        return Request("media", "POST", MEDIA, frozenset({200, 400, 422}), body, headers)

    # -- parts -----------------------------------------------------------------------------------------------

    def _marked(self, text: str) -> str:
        """Mostly with the citizen's word somewhere in it, unharmed."""
        if self._random.random() < 0.4:
            return text
        at = self._random.choice((0, len(text), self._random.randint(0, len(text))))
        return f"{text[:at]} {self._markers.word} {text[at:]}"

    def _say(self, kind: str, text: str) -> Request:
        body = self._body({"id": self._id(), "text": text})
        if len(body) > BODY_LIMIT:
            expects = frozenset({413})
        else:
            expects = _TAKEN if 0 < len(clean(text)) <= MAX_CHARACTERS else _REFUSED
        waits = self._random.random() < 0.8
        return Request(kind, "POST", MESSAGES, expects, body, waits=waits, text=text)

    def _posted(self, kind: str, body: object, expects: frozenset[int]) -> Request:
        return Request(kind, "POST", MESSAGES, expects, self._body(body))

    def _body(self, body: object) -> bytes:
        """As escapes, or as the characters themselves: both are JSON."""
        return json.dumps(body, ensure_ascii=self._random.random() < 0.3).encode()

    def _id(self) -> str:
        return f"{self._random.getrandbits(96):024x}"


KINDS: Sequence[tuple[Callable[[Maker], Request], int]] = (
    (Maker.mutated, 24),
    (Maker.attack, 14),
    (Maker.report, 8),
    (Maker.tap, 10),
    (Maker.jumble, 8),
    (Maker.one_plane, 5),
    (Maker.number, 5),
    (Maker.others_ticket, 4),
    (Maker.long, 3),
    (Maker.phone, 2),
    (Maker.pin, 2),
    (Maker.replayed, 3),
    (Maker.half_character, 2),
    (Maker.malformed, 3),
    (Maker.other_encoding, 1),
    (Maker.wrong_values, 2),
    (Maker.wrong_type, 1),
    (Maker.without_header, 1),
    (Maker.no_button, 2),
    (Maker.cursor, 3),
    (Maker.stranger, 1),
    (Maker.typing, 1),
    (Maker.nowhere, 1),
    (Maker.media, 1),
)
