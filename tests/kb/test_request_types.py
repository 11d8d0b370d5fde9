"""What a citizen wants with a message."""

from collections import Counter
from pathlib import Path

import joblib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb import request_types
from kb.content_files import ContentError
from kb.request_type_model import FORMAT, RequestTypeClassifier
from kb.request_types import RequestType, Verdict


@pytest.fixture(scope="module")
def content() -> request_types.Content:
    return request_types.load()


@pytest.fixture(scope="module")
def model(content: request_types.Content) -> RequestTypeClassifier:
    return RequestTypeClassifier.fit(content.rows, cues=content.cues)


def test_every_kind_has_ninety_examples_of_which_some_are_letters(content: request_types.Content) -> None:
    counts = Counter(kind for _, kind in content.rows)
    assert set(counts) == set(RequestType)
    assert min(counts.values()) >= 90
    letters = Counter(kind for text, kind in content.rows if 80 <= len(text) <= 250)
    assert min(letters[kind] for kind in RequestType) >= 10


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("请问暖气费最晚哪天交", "咨询"),
        ("想问下装修垃圾归谁清运", "咨询"),
        ("老年证怎么办理，要几张照片", "咨询"),
        ("家里暖气不热，麻烦派人来看看", "求助"),
        ("我家水管爆了，快来人啊", "求助"),
        ("老人被困在电梯里了，求救", "求助"),
        ("投诉物业，收费不干活，态度还差", "投诉"),
        ("工地半夜施工吵得睡不着，打了多少次电话都没人管", "投诉"),
        ("供热公司互相推诿，到现在也没给解决", "投诉"),
        ("举报有人在楼顶私搭乱建", "举报"),
        ("我要举报一家无证烧烤店，占着人行道", "举报"),
        ("夜里有大车往河边偷倒渣土，请查处", "举报"),
        ("建议在小区门口装个减速带", "建议"),
        ("能不能在公园里增设几把长椅", "建议"),
        ("关于增加夜班公交的建议", "建议"),
        ("谢谢你们，路灯修好了", "表扬"),
        ("表扬一下供热站的师傅，半夜还来抢修", "表扬"),
        ("给环卫工人点个赞", "表扬"),
    ],
)
def test_a_plain_message_is_of_its_kind(model: RequestTypeClassifier, text: str, kind: str) -> None:
    assert model.judge(text).type == kind


@pytest.mark.parametrize("text", ["到底有没有人管？垃圾都堆成山了", "为什么反映了这么多次还不来修？"])
def test_an_angry_question_is_no_request_for_information(model: RequestTypeClassifier, text: str) -> None:
    assert model.judge(text).type in request_types.CASES


@given(st.text(max_size=60))
def test_any_text_gets_a_kind_and_chances_that_sum_to_one(model: RequestTypeClassifier, text: str) -> None:
    verdict, chances = model.judge(text), model.chances(text)
    assert set(chances) == set(RequestType)
    assert sum(chances.values()) == pytest.approx(1)
    assert verdict == Verdict(verdict.type, chances[verdict.type])
    cases = sum(chances[kind] for kind in request_types.CASES)
    others = max(chance for kind, chance in chances.items() if kind not in request_types.CASES)
    assert (verdict.type in request_types.CASES) == (cases >= others)


def test_width_and_blanks_change_nothing(model: RequestTypeClassifier) -> None:
    assert model.judge("ＡＢＣ路灯坏了") == model.judge("abc路灯坏了")


def test_the_same_rows_give_the_same_model(content: request_types.Content, model: RequestTypeClassifier) -> None:
    again = RequestTypeClassifier.fit(content.rows, cues=content.cues)
    assert again.judge("路灯不亮，请派人修") == model.judge("路灯不亮，请派人修")


def test_it_learns_without_cues_too(content: request_types.Content) -> None:
    assert RequestTypeClassifier.fit(content.rows).judge("举报有人私搭违建").type is RequestType.REPORT


def test_a_kind_nobody_knows_cannot_be_learned() -> None:
    with pytest.raises(ValueError, match="吐槽"):
        RequestTypeClassifier.fit([("路灯坏了", "求助"), ("真烦", "吐槽")])


def test_a_saved_model_judges_as_before(
    model: RequestTypeClassifier, content: request_types.Content, tmp_path: Path
) -> None:
    path = tmp_path / "deep" / "model.joblib"
    model.save(path)
    assert [one.name for one in path.parent.iterdir()] == ["model.joblib"], "nothing half-written is left"
    again = RequestTypeClassifier.load(path)
    assert all(again.judge(text) == model.judge(text) for text, _ in content.rows[:20])


def test_a_file_of_another_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump((FORMAT + 1, None, None, None), path)
    with pytest.raises(ValueError, match=r"format 2, expected 1: run `jiesu train`"):
        RequestTypeClassifier.load(path)


GOOD = "cues:\n  asks: [请问]\nexamples:\n" + "".join(f"  {kind}: [{kind}一下]\n" for kind in RequestType)


def test_a_small_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "types.yml"
    path.write_text(GOOD, encoding="utf-8")
    read = request_types.load(path)
    assert read.cues == {"asks": ("请问",)}
    assert read.rows[0] == ("咨询一下", RequestType.QUESTION)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 请问\n", ":1: expected keys and values"),
        ("cues: {}\nexamples: {}\n", ":1: cues: expected keys and lists"),
        ("cues:\n  asks: [请问]\n", ":1: examples: expected keys and lists"),
        (GOOD + "other: 1\n", ":1: other: expected only"),
        (GOOD.replace("[请问]", "请问"), ":2: asks: expected a list of texts, found '请问'"),
        (GOOD.replace("[请问]", "[12]"), ":2: asks: expected a text, found 12"),
        (GOOD.replace("[建议一下]", "['']"), ":4: 建议: expected a text, found ''"),
        (GOOD.replace("建议:", "吐槽:"), ":4: examples: no request type '吐槽'"),
        (GOOD.replace("  建议: [建议一下]\n", ""), ":4: examples: no examples of "),
        (GOOD.replace("[建议一下]", "[举报 一下]"), ":4: '举报 一下' stands under 举报 and 建议"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "types.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as told:
        request_types.load(path)
    assert str(told.value).startswith(f"{path}:")
    assert said in str(told.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=80))
def test_one_message_gets_the_chances_that_the_model_gives_to_a_whole_table(
    model: RequestTypeClassifier, text: str
) -> None:
    expected = model._model.predict_proba(model._features([text]))[0]

    got = model.chances(text)

    assert [got[RequestType(kind)] for kind in model._model.classes_] == pytest.approx(expected.tolist(), abs=1e-5)
