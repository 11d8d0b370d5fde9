"""Hearing inside Rasa's own environment: the linear model, the sentence vectors, the open question.

To be run by the Python of `bot/`; skipped where Rasa is not installed.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rasa", reason="Rasa is installed in bot/'s environment only")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bot"))

from components import kept_vectors, sentence_vectors, vector_service
from components.kept_vectors import KeptVectors, Space
from components.linear_intents import LinearIntents
from components.linear_model import LinearModel, grams
from components.open_question import OpenQuestion
from components.sentence_vectors import SentenceVectors
from components.short_answers import ShortAnswers
from components.vector_service import VectorService, later
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

SAID = {
    "report": ["路灯坏了", "井盖没了", "下水道堵了", "暖气不热", "垃圾没人收", "楼道灯不亮", "路面有坑", "水管漏水"],
    "affirm": ["对", "是的", "没错", "可以", "好的", "行", "就是这样", "嗯对"],
    "cancel": ["不报了", "取消", "算了不报了", "不弄了", "退出", "停止登记", "不填了", "放弃登记"],
}
CONTEXT = ExecutionContext(GraphSchema({}), "model", node_name="node")


def _examples() -> list[tuple[str, str]]:
    return [(text, intent) for intent, texts in SAID.items() for text in texts]


def _vector(text: str, intent: str = "", length: int = 8) -> np.ndarray:
    """A made-up meaning: one direction for each intent, and a little of the text's own."""
    chance = np.random.default_rng(zlib.crc32(text.encode()))
    row = chance.normal(size=length).astype(np.float32) * 0.2
    if intent:
        row[sorted(SAID).index(intent)] += 1
    return (row / np.linalg.norm(row)).astype(np.float32)


def _fit(*, with_meaning: bool = False, drop: int = 0, **other: Any) -> LinearModel:
    examples = _examples()
    vectors: list[np.ndarray | None] = [_vector(text, intent) for text, intent in examples]
    vectors[:drop] = [None] * drop
    texts, intents = [text for text, _ in examples], [intent for _, intent in examples]
    settings = {"with_meaning": with_meaning, "strictness": 1.0, "weight_of_meaning": 2.0, **other}
    return LinearModel.fit(texts, intents, vectors, **settings)


# -- the model ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " ", "a", "路灯", "路灯坏了\n\n真黑", "😀", "长" * 5000, "\u200b"])
def test_any_text_has_probabilities_that_add_up_to_one(text: str) -> None:
    likely = _fit().judge(text)
    assert likely.shape == (3,)
    assert np.all(likely >= 0) and likely.sum() == pytest.approx(1, abs=1e-5)


def test_learned_sentences_are_recognised() -> None:
    model = _fit()
    found = [model.intents[int(np.argmax(model.judge(text)))] == intent for text, intent in _examples()]
    assert sum(found) == len(found)


def test_an_unknown_text_is_not_sure_of_anything() -> None:
    assert _fit().judge("zzz").max() < 0.7


def test_the_meaning_decides_where_the_characters_do_not() -> None:
    model = _fit(with_meaning=True)
    for intent in SAID:
        assert model.intents[int(np.argmax(model.judge("zzz", _vector("zzz", intent))))] == intent


def test_a_model_with_meaning_wants_a_vector_of_its_own_length() -> None:
    model = _fit(with_meaning=True)
    for wrong in (None, np.zeros(3, dtype=np.float32)):
        with pytest.raises(ValueError, match="8 numbers"):
            model.judge("路灯坏了", wrong)


def test_sentences_without_a_vector_are_left_out_of_what_is_learned_with_meaning() -> None:
    # the first eight are all that was said of one intent
    assert _fit(with_meaning=True, drop=8).intents == ["affirm", "cancel"]
    assert _fit(with_meaning=False, drop=8).intents == ["affirm", "cancel", "report"]


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(ValueError, match="nothing"):
        _fit(with_meaning=True, drop=len(_examples()))


def test_what_is_kept_is_read_back_the_same(tmp_path: Path) -> None:
    for with_meaning in (False, True):
        model = _fit(with_meaning=with_meaning)
        np.savez(tmp_path / "m.npz", **model.as_arrays())
        with np.load(tmp_path / "m.npz", allow_pickle=False) as kept:
            again = LinearModel.of_arrays(kept)
        vector = _vector("路灯", "report") if with_meaning else None
        assert again.intents == model.intents
        np.testing.assert_allclose(again.judge("路灯不亮", vector), model.judge("路灯不亮", vector), rtol=1e-4)


def test_learning_twice_gives_the_same() -> None:
    np.testing.assert_array_equal(_fit().weights, _fit().weights)


def test_the_beginning_and_the_end_of_a_text_count() -> None:
    assert grams("对") == {"\x02": 1, "对": 1, "\x03": 1, "\x02对": 1, "对\x03": 1}
    assert "对\x03" not in grams("对了，路灯坏了")


def test_a_confidence_is_a_probability() -> None:
    """Of sentences that the model has not learned, about as many are right as it says."""
    chance = np.random.default_rng(1)
    letters = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"

    def said(intent: int) -> str:
        # two sentences in five are drawn from another intent's letters: nobody can be sure
        own = intent if chance.random() < 0.6 else int(chance.integers(3))
        return "".join(chance.choice(list(letters[own * 7 : own * 7 + 7]), size=6))

    truth = [n % 3 for n in range(1200)]
    texts = [said(n) for n in truth]
    model = LinearModel.fit(
        texts[:600],
        [str(n) for n in truth[:600]],
        [None] * 600,
        with_meaning=False,
        strictness=1.0,
        weight_of_meaning=1.0,
    )
    judged = [model.judge(text) for text in texts[600:]]
    stated = float(np.mean([one.max() for one in judged]))
    right = float(np.mean([int(np.argmax(one)) == n for one, n in zip(judged, truth[600:], strict=True)]))
    assert stated == pytest.approx(right, abs=0.1)


def test_judging_is_quick() -> None:
    model = _fit()
    began = time.perf_counter()
    for _ in range(200):
        model.judge("我们小区门口的路灯坏了一个多星期了也没有人来修")
    assert (time.perf_counter() - began) / 200 < 0.02


# -- in Rasa's pipeline ---------------------------------------------------------------------------------------


@pytest.fixture
def storage(tmp_path: Path) -> LocalModelStorage:
    (tmp_path / "storage").mkdir()
    return LocalModelStorage.create(tmp_path / "storage")


def _kept() -> KeptVectors:
    space = Space("made-up", np.zeros(8, dtype=np.float32), np.eye(8, dtype=np.float32))
    return KeptVectors(space, {kept_vectors.key(text): _vector(text, intent) for text, intent in _examples()})


def _training() -> TrainingData:
    return TrainingData([Message({TEXT: text, INTENT: intent}) for text, intent in _examples()])


class Asked:
    """Stands for the service; remembers who was asked for."""

    def __init__(self, found: Any = None) -> None:
        self.found, self.texts = found, []

    def ask(self, text: str) -> Any:
        self.texts.append(text)
        return self.found


def _pipeline(
    storage: LocalModelStorage, monkeypatch: pytest.MonkeyPatch, service: Asked, unless_sure: float = 1.1
) -> list[Any]:
    """The three components, trained, and loaded as for running."""
    monkeypatch.setattr(kept_vectors, "load", _kept)
    monkeypatch.setattr(sentence_vectors, "service", lambda: service)
    parts = [
        (LinearIntents, {}),
        (SentenceVectors, {"unless_sure": unless_sure}),
        (LinearIntents, {"with_meaning": True}),
    ]
    data, loaded = _training(), []
    for number, (kind, given) in enumerate(parts):
        config = {**kind.get_default_config(), **given}
        place = Resource(f"part{number}")
        made = kind.create(config, storage, place, CONTEXT)
        made.train(data)
        data = made.process_training_data(data)
        loaded.append(kind.load(config, storage, place, CONTEXT))
    return loaded


def _heard(parts: list[Any], text: str) -> Message:
    message = Message({TEXT: text})
    for part in parts:
        part.process([message])
    return message


def test_a_vector_changes_what_characters_said(storage: LocalModelStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = _pipeline(storage, monkeypatch, Asked(("made-up", _vector("zzz", "cancel"))))
    assert _heard(parts[:1], "路灯不亮了").get(INTENT)["name"] == "report"
    assert _heard(parts, "zzz").get(INTENT)["name"] == "cancel"
    assert _heard(parts, "zzz").get(INTENT)["confidence"] > 0.6


@pytest.mark.parametrize(
    "found",
    [None, ("another", np.ones(8, dtype=np.float32)), ("made-up", np.ones(5, dtype=np.float32))],
    ids=["nobody answers", "another embedder", "another length"],
)
def test_without_a_vector_the_characters_decide(
    found: Any, storage: LocalModelStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = _pipeline(storage, monkeypatch, Asked(found))
    assert _heard(parts, "路灯坏了").get(INTENT) == _heard(parts[:1], "路灯坏了").get(INTENT)


def test_who_is_sure_asks_nobody(storage: LocalModelStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Asked()
    parts = _pipeline(storage, monkeypatch, service, unless_sure=0.0)
    _heard(parts, "路灯坏了")
    assert service.texts == []


@pytest.mark.parametrize("text", ["/affirm", '/choose{"option": "1"}', ""])
def test_a_button_and_nothing_are_left_to_rasa(
    text: str, storage: LocalModelStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Asked(("made-up", _vector("zzz", "cancel")))
    message = _heard(_pipeline(storage, monkeypatch, service), text)
    assert service.texts == []
    assert message.get(INTENT)["name"] is None
    assert message.get(INTENT)["confidence"] == (1.0 if text else 0.0)


def test_training_without_any_vectors_goes_by_characters(
    storage: LocalModelStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_vectors, "load", lambda: None)
    service = Asked(("made-up", _vector("zzz", "cancel")))
    monkeypatch.setattr(sentence_vectors, "service", lambda: service)
    data, heard = _training(), Message({TEXT: "路灯坏了"})
    for number, kind in enumerate((LinearIntents, SentenceVectors, LinearIntents)):
        config = {**kind.get_default_config(), **({"with_meaning": True} if number == 2 else {})}
        made = kind.create(config, storage, Resource(f"p{number}"), CONTEXT)
        made.train(data)
        data = made.process_training_data(data)
        kind.load(config, storage, Resource(f"p{number}"), CONTEXT).process([heard])
    assert heard.get(INTENT)["name"] == "report"
    assert service.texts == []


# -- the kept vectors -----------------------------------------------------------------------------------------


def test_kept_vectors_are_read_as_they_are_written_elsewhere(tmp_path: Path) -> None:
    rows = np.array([[127, 0], [90, 90]], dtype=np.int8)
    names = [kept_vectors.key("路灯坏了"), kept_vectors.key("井盖 没了")]
    np.savez(
        tmp_path / "v.npz",
        embedder=np.array("some"),
        mean=np.zeros(3, dtype=np.float16),
        directions=np.eye(3, dtype=np.float16)[:2],
        keys=np.array([bytes.fromhex(name) for name in names], dtype="S8").view(np.uint8).reshape(-1, 8),
        rows=rows,
    )
    kept = kept_vectors.load(tmp_path / "v.npz")
    assert kept is not None and kept.space.embedder == "some"
    np.testing.assert_allclose(kept.of("路灯坏了"), [1, 0], atol=1e-6)
    np.testing.assert_allclose(kept.of(" 井盖\n没了 "), [0.7071, 0.7071], atol=1e-3)
    assert kept.of("没学过") is None
    np.testing.assert_allclose(kept.space.project(np.array([0, 2, 5], dtype=np.float32)), [0, 1], atol=1e-6)


def test_no_file_is_no_vectors(tmp_path: Path) -> None:
    assert kept_vectors.load(tmp_path / "none.npz") is None


# -- the service ----------------------------------------------------------------------------------------------


class Server:
    """An action server of a few lines: answers as told, and may be slow."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.connections = 0
        self.answer: Any = None
        self.status, self.wait, self.hang_up = 200, 0.0, False
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                server.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                server.texts.append(json.loads(body)["text"])
                time.sleep(server.wait)
                raw = server.answer if isinstance(server.answer, bytes) else json.dumps(server.answer).encode()
                self.send_response(server.status)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)
                self.close_connection = server.hang_up

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/vectors?token=t"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def _answer(row: Any) -> dict[str, str]:
    kept = np.asarray(row, dtype="<f4").tobytes()
    return {"embedder": "some", "vector": base64.b64encode(kept).decode()}


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    one.answer = _answer([1, 2, 3])
    yield one
    one.stop()


def test_a_vector_is_fetched_once_and_on_one_connection(server: Server) -> None:
    asking = VectorService(server.url)
    for text in ("甲", "乙", "甲", "甲", "乙"):
        embedder, row = asking.ask(text) or ("", np.zeros(0))
        assert embedder == "some"
        np.testing.assert_array_equal(row, [1, 2, 3])
    assert server.texts == ["甲", "乙"]
    assert server.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_made_again(server: Server) -> None:
    asking = VectorService(server.url)
    server.hang_up = True
    assert asking.ask("甲") and asking.ask("乙")
    assert server.texts == ["甲", "乙"]


@pytest.mark.parametrize(
    "broken",
    [
        b"not json",
        [],
        {},
        {"embedder": "some"},
        {"embedder": "some", "vector": "???"},
        {"embedder": "some", "vector": "AAA="},
        _answer([]),
        _answer([1, float("nan")]),
    ],
    ids=repr,
)
def test_a_bad_answer_is_none_and_then_nobody_is_asked_for_a_while(broken: Any, server: Server) -> None:
    server.answer = broken
    asking = VectorService(server.url)
    assert asking.ask("甲") is None
    server.answer = _answer([1])
    assert asking.ask("乙") is None
    assert server.texts == ["甲"]


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_refusal_is_none(status: int, server: Server) -> None:
    server.status = status
    assert VectorService(server.url).ask("甲") is None


def test_who_is_too_slow_is_not_waited_for(server: Server) -> None:
    server.wait = 6.0
    began = time.monotonic()
    assert VectorService(server.url, timeout=0.2).ask("甲") is None
    assert time.monotonic() - began < 4


def test_after_the_rest_the_service_is_asked_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_service, "REST_SECONDS", 0.1)
    server.status = 500
    asking = VectorService(server.url)
    assert asking.ask("甲") is None
    server.status = 200
    time.sleep(0.15)
    assert asking.ask("甲") is not None


def test_without_an_address_nobody_is_asked() -> None:
    assert VectorService("").ask("甲") is None


def test_later_notes_and_waits_for_nobody(server: Server) -> None:
    asking = VectorService(server.url)
    with later() as wanted:
        assert asking.ask("甲") is None
        assert server.texts == []
        assert wanted == ["甲"]
    asking.fetch("甲")
    with later() as wanted:
        assert asking.ask("甲") is not None
        assert wanted == []


def test_many_threads_ask_at_once(server: Server) -> None:
    asking = VectorService(server.url)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda n=n: found.extend(asking.ask(f"{n}-{m}") for m in range(20))) for n in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 160 and all(one is not None for one in found)
    assert len(asking._remembered) <= vector_service.REMEMBERED


# -- the open question ----------------------------------------------------------------------------------------


def _ranked(question: str | None, **likely: float) -> Message:
    ranking = [{"name": name, "confidence": one} for name, one in sorted(likely.items(), key=lambda kv: -kv[1])]
    message = Message({TEXT: "某某", "metadata": {"open_question": question} if question else None})
    message.set(INTENT, ranking[0])
    message.set("intent_ranking", ranking)
    return message


def _weighing(weights: Any) -> OpenQuestion:
    return OpenQuestion({"weights": weights})


def test_the_open_question_changes_what_is_likeliest() -> None:
    message = _ranked("report_place", report=0.5, inform=0.3, goodbye=0.1)
    _weighing({"report_place": {"inform": 4}}).process([message])
    assert message.get(INTENT)["name"] == "inform"
    # 0.3 * 4 of 0.5 + 1.2 + 0.1 + the 0.1 of intents that are not shown
    assert message.get(INTENT)["confidence"] == pytest.approx(1.2 / 1.9)


@pytest.mark.parametrize("question", [None, "", "rating_solved"])
def test_without_that_question_nothing_changes(question: str | None) -> None:
    message = _ranked(question, report=0.5, inform=0.3)
    _weighing({"report_place": {"inform": 4}}).process([message])
    assert message.get(INTENT) == {"name": "report", "confidence": 0.5}


def test_the_longest_name_of_a_question_counts() -> None:
    weighing = _weighing({"report": {"inform": 9}, "report_confirmation": {"affirm": 9}})
    message = _ranked("report_confirmation", inform=0.6, affirm=0.4)
    weighing.process([message])
    assert message.get(INTENT)["name"] == "affirm"
    message = _ranked("report_place", affirm=0.6, inform=0.4)
    weighing.process([message])
    assert message.get(INTENT)["name"] == "inform"


@pytest.mark.parametrize("weight", [0, -1])
def test_a_weight_that_would_rule_an_intent_out_is_refused(weight: float) -> None:
    with pytest.raises(InvalidConfigException, match="inform"):
        _weighing({"report": {"inform": weight}})


# -- short answers --------------------------------------------------------------------------------------------


def _short(text: str, **likely: float) -> Message:
    message = _ranked(None, **likely)
    message.set(TEXT, text)
    ShortAnswers(ShortAnswers.get_default_config()).process([message])
    return message


def test_a_long_complaint_is_never_only_a_wish_to_stop() -> None:
    long = "算了我还是说说吧，我们小区北门那个垃圾堆放了半个多月没有人清，苍蝇到处飞，一开窗全是臭味"
    assert _short(long, cancel=0.55, report=0.4).get(INTENT)["name"] == "report"


def test_a_long_wish_to_stop_that_is_sure_is_heard() -> None:
    long = "我们已经跟邻居商量好了他自己会把东西搬走所以我这边就先不登记不往上报了"
    assert _short(long, cancel=0.97, report=0.02).get(INTENT)["name"] == "cancel"
