"""Rows made one by one are those that scikit-learn makes of a whole table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from kb.classifier import OWN_LABELS, _features
from kb.quick_rows import QuickRows, QuickUnion
from kb.text import folded

LEARNED = [
    "路灯坏了三天了，晚上黑得吓人",
    "路灯不亮，晚上看不见路",
    "垃圾没人收，臭得很",
    "垃圾桶满了没人收",
    "半夜施工，吵得睡不着",
    "施工噪音太大，半夜还在响 water leak",
    "路灯 Lamp 坏了\n垃圾没人收",
]
TEXTS = st.one_of(
    st.text(alphabet="路灯坏了三天，晚上黑垃圾没人收半夜施工吵 \n\tLampＬ１1！", max_size=60),
    st.text(max_size=60),
    st.sampled_from(LEARNED),
)


def characters(**more: object) -> TfidfVectorizer:
    shape = {"analyzer": "char", "ngram_range": (1, 3), "sublinear_tf": True, "dtype": np.float32, **more}
    return TfidfVectorizer(**shape).fit(LEARNED)


VECTORIZERS = [
    characters(preprocessor=folded, min_df=2),
    characters(lowercase=False, min_df=1),
    characters(analyzer="char_wb", min_df=1),
    characters(analyzer="word", token_pattern=r"(?u)\b\w+\b", ngram_range=(1, 2)),
]
UNION: FeatureUnion = _features(OWN_LABELS).fit(LEARNED)


def same(row: object, table: object) -> None:
    expected = table.tocsr()  # type: ignore[attr-defined]
    expected.sort_indices()
    indices, data = row.indices, row.data  # type: ignore[attr-defined]
    order = np.argsort(indices)
    assert indices[order].tolist() == expected.indices.tolist()
    assert np.allclose(data[order], expected.data, rtol=1e-5, atol=1e-7)
    assert data.dtype == np.float32


@pytest.mark.parametrize("fitted", VECTORIZERS)
@given(text=TEXTS)
def test_a_row_is_the_one_of_the_vectorizer(fitted: TfidfVectorizer, text: str) -> None:
    same(QuickRows(fitted).row(text), fitted.transform([text]))


@given(text=TEXTS)
def test_several_side_by_side_are_those_of_the_union_with_its_weights(text: str) -> None:
    same(QuickUnion(UNION).row(text), UNION.transform([text]))


@given(text=TEXTS)
def test_times_sums_the_rows_of_the_weights(text: str) -> None:
    fitted = VECTORIZERS[0]
    weights = np.random.default_rng(1).normal(size=(len(fitted.vocabulary_), 5)).astype(np.float16)

    got = QuickRows(fitted).row(text).times(weights)

    assert got.dtype == np.float32
    assert np.allclose(got, (fitted.transform([text]) @ weights.astype(np.float32))[0], atol=1e-5)


def test_a_text_of_which_nothing_is_known_is_an_empty_row() -> None:
    row = QuickRows(VECTORIZERS[0]).row("☂☂☂")

    assert (len(row.indices), len(row.data)) == (0, 0)
    assert row.times(np.ones((3, 2))).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("odd", [{"sublinear_tf": False}, {"use_idf": False}, {"norm": "l1"}, {"binary": True}])
def test_settings_it_cannot_follow_are_refused(odd: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="only for"):
        QuickRows(characters(min_df=1, **odd))
