"""What the generator of messages promises: the same again by its seed, every kind, and nobody else's secrets."""

from __future__ import annotations

import json
import unicodedata
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.services.conversing import MAX_CHARACTERS
from integrations.web.app import BODY_LIMIT
from kb.text import clean
from tests.conversations.fuzzing import markers, texts
from tests.conversations.fuzzing.requests import KINDS, OTHERS_TICKET, Maker, Request

SEEDS = st.integers(0, 2**32)


def made(seed: int, citizen: int, count: int) -> list[Request]:
    maker = Maker(seed, citizen, markers.of(seed, citizen))
    return [maker.next() for _ in range(count)]


@given(SEEDS, st.integers(0, markers.MOST - 1))
@settings(max_examples=20, deadline=None)
def test_the_same_seed_sends_the_same_again(seed: int, citizen: int) -> None:
    assert made(seed, citizen, 12) == made(seed, citizen, 12)


def test_another_seed_or_citizen_sends_something_else() -> None:
    bodies = {tuple(one.body for one in made(seed, citizen, 10)) for seed in range(3) for citizen in range(3)}
    assert len(bodies) == 9


def test_every_kind_comes_up_in_a_few_hundred_messages() -> None:
    kinds = {one.kind.partition(" in ")[0] for citizen in range(10) for one in made(1, citizen, 100)}
    # some of them send one of two kinds
    assert len(kinds) >= len(KINDS), kinds
    assert {"mutated", "attack", "report", "tap", "malformed", "replayed", "other's ticket", "no session"} <= kinds


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_what_is_to_be_taken_may_be_taken_and_what_is_to_be_refused_may_not(seed: int) -> None:
    for one in made(seed, 0, 30):
        if one.text is None or one.kind.startswith("replayed"):
            continue
        assert json.loads(one.body)["text"] == one.text
        said = clean(one.text)
        if one.expects == {200}:
            assert 0 < len(said) <= MAX_CHARACTERS and len(one.body) <= BODY_LIMIT
        elif one.expects == {413}:
            assert len(one.body) > BODY_LIMIT
        else:
            assert one.expects == {422} and not 0 < len(said) <= MAX_CHARACTERS


def test_lengths_reach_from_nothing_to_a_hundred_thousand() -> None:
    random = Random(1)
    lengths = {len(texts.long(random)) for _ in range(400)}
    assert {0, MAX_CHARACTERS, MAX_CHARACTERS + 1, 100_000} <= lengths


def test_characters_of_every_plane_come_up_and_no_half_ones() -> None:
    random = Random(1)
    seen = [texts.character(random) for _ in range(20_000)]
    assert {ord(one) >> 16 for one in seen} >= {0, 1, 2, 3, 14, 15, 16}
    assert {"Cc", "Cf", "Mn", "So", "Lo", "Co"} <= {unicodedata.category(one) for one in seen}
    "".join(seen).encode()  # raises for half a character
    assert {"\u202e", "\u200b"} <= set(seen) and any(0x1F300 <= ord(one) <= 0x1FAFF for one in seen)


@given(SEEDS, st.sampled_from(texts.sentences()))
@settings(deadline=None)
def test_a_mutated_sentence_says_something_and_can_be_sent(seed: int, sentence: str) -> None:
    changed = texts.mutated(Random(seed), sentence)
    assert 0 < len(changed) <= MAX_CHARACTERS
    changed.encode()


def test_half_characters_are_sent_as_escapes() -> None:
    halves = [one.body for one in made(3, 3, 800) if one.kind.startswith("half a character")]
    assert halves and all(b"\\u" in one for one in halves)
    assert {b'"text":"\xe8\xb7\xaf\xe7\x81\xaf\\u' in one for one in halves} == {True, False}


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_nobody_says_what_is_anybody_elses(seed: int) -> None:
    mine = markers.of(seed, 5)
    known = {mine.word, *mine.personal}
    for one in made(seed, 5, 40):
        if one.text is not None:
            assert set(markers.found(one.text)) <= known, one.text


def test_own_markers_are_said_often_and_the_numbers_of_others_asked_for() -> None:
    mine, sent = markers.of(1, 1), made(1, 1, 600)
    said = " ".join(one.text for one in sent if one.text)
    assert all(said.count(one) >= 5 for one in (mine.word, mine.phone, mine.name, mine.account))
    assert OTHERS_TICKET in said


def test_markers_of_all_citizens_are_different_and_found_again() -> None:
    everybody = [markers.of(9, citizen) for citizen in range(markers.MOST)]
    single = [one for mine in everybody for one in (mine.word, *mine.personal)]
    assert len(set(single)) == len(single)
    for mine in everybody:
        said = f"我叫{mine.name}，电话{mine.phone}（{mine.mask}）{mine.word}微信{mine.account.upper()}"
        assert set(markers.found(said)) == {mine.word, *mine.personal}


def test_more_citizens_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="told apart"):
        markers.of(1, markers.MOST)


def test_a_request_that_is_told_of_can_be_sent_again_from_what_is_told() -> None:
    one = Request("x", "POST", "/api", frozenset({200}), '{"text":"路"}'.encode())
    assert one.shown() == 'x: POST /api  b\'{"text":"\\xe8\\xb7\\xaf"}\''
    assert "... 500 bytes" in Request("x", "POST", "/api", frozenset(), b"a" * 500).shown()
