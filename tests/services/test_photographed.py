"""Place and time of a picture fill what nobody has said, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.bootstrap import Services
from integrations.services.intake import Utterance, new_draft
from integrations.services.time_speech import TimeSpeech
from kb.places import Place
from kb.report import Ask, next_ask
from tests.builders import LAMP

HERE = Place("地图上的定位", lat=36.1068, lon=120.4011, crs="WGS-84", confidence=0.4)
AWAY = replace(HERE, lat=39.9, lon=116.4)
DARK = "路灯坏了，晚上看不见路"


def test_a_picture_tells_where_it_is_and_the_citizen_is_told(services: Services) -> None:
    said = Utterance(DARK, photos=("p1",), photo_pin=HERE)
    heard = services.intake.hear(new_draft(), Ask.DESCRIPTION, said)
    place = heard.draft.place
    assert place and (place.lat, place.district) != (None, None)
    assert place.confidence <= 0.4
    assert heard.remarks[-1] == "attached.photo_place"
    told = services.speech.remark("attached.photo_place", heard.draft, **heard.gaps)
    assert str(place.district) in told.text
    assert next_ask(heard.draft) is not Ask.PLACE


def test_what_was_said_goes_before_it(services: Services) -> None:
    plain = services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(LAMP)).draft
    heard = services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(LAMP, photos=("p1",), photo_pin=HERE))
    assert heard.draft.place == plain.place
    assert "attached.photo_place" not in heard.remarks
    later = services.intake.hear(plain, Ask.CONTACT, Utterance(photos=("p2",), photo_pin=HERE))
    assert later.draft.place == plain.place


def test_words_that_come_later_go_before_it_too(services: Services) -> None:
    first = services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(photos=("p1",), photo_pin=HERE)).draft
    assert first.place and first.place.lat
    later = services.intake.hear(first, Ask.DESCRIPTION, Utterance(LAMP)).draft
    assert "翠湖小区" in str([later.place, *later.place_options])


def test_a_picture_from_elsewhere_says_nothing(services: Services) -> None:
    heard = services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(DARK, photos=("p1",), photo_pin=AWAY))
    assert (heard.draft.place is None or heard.draft.place.lat is None) and "attached.photo_place" not in heard.remarks


@pytest.mark.parametrize("words", [DARK, "路灯坏了三天了"])
def test_the_time_is_taken_where_none_was_said(services: Services, words: str) -> None:
    plain = services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(words)).draft
    at = services.clock() - timedelta(hours=3)
    draft = services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(words, photos=("p1",), taken_at=at)).draft
    if plain.since:
        assert draft.since == plain.since
    else:
        assert draft.since and draft.since.begin == at and draft.since.about
        told = TimeSpeech(services.speech.words).told(draft.since, services.clock())
        assert told.startswith("11月21日")
