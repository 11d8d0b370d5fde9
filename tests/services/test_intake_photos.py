"""Pictures at any time: with words, without, before there are words, and more than is sensible."""

from __future__ import annotations

from integrations.bootstrap import Services
from integrations.services.intake import Utterance, new_draft
from kb.report import MOST_PHOTOS, Ask, next_ask
from tests.builders import LAMP, conversation, told


def test_a_picture_alone_is_kept_and_the_words_are_asked_for(services: Services) -> None:
    heard = services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(photos=("p1",)))
    assert heard.remarks == ("report.photo_kept",)
    assert (heard.draft.photos, next_ask(heard.draft)) == (("p1",), Ask.DESCRIPTION)


def test_a_picture_with_words_is_both(services: Services) -> None:
    draft = services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(LAMP, photos=("p1", "p2"))).draft
    assert draft.photos == ("p1", "p2") and draft.category == "410102"


def test_the_same_picture_counts_once_and_there_is_an_end(services: Services) -> None:
    draft = told(services)
    for _ in range(3):
        draft = services.intake.hear(draft, Ask.CONTACT, Utterance(photos=("p1", "p1"))).draft
    assert draft.photos == ("p1",)
    many = services.intake.hear(draft, Ask.CONTACT, Utterance(photos=tuple(map(str, range(40))))).draft
    assert len(many.photos) == MOST_PHOTOS


def test_a_picture_at_the_card_files_nothing(services: Services) -> None:
    heard = services.intake.hear(told(services), Ask.CONFIRMATION, Utterance(photos=("p1",)))
    assert next_ask(heard.draft) is Ask.CONFIRMATION
    card = services.report_speech.card(heard.draft).card
    assert card is not None
    assert {"label": "照片", "value": "1张"} in card["rows"]


def test_the_pictures_go_with_the_first_report(services: Services) -> None:
    draft = services.intake.hear(told(services), Ask.CONFIRMATION, Utterance(photos=("p1",))).draft
    complaint = services.filing.submit(draft, conversation(services).id)
    with services.unit_of_work() as tx:
        (report,) = tx.reports.of_complaint(complaint.id)
    assert report.photos == ("p1",)
