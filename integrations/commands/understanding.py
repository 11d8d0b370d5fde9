"""What the assistant makes of text, one JSON object a line: `jiesu classify | locate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from integrations import bootstrap, settings
from integrations.bootstrap import Services
from integrations.commands.progress import steps
from integrations.running import nlu_vectors
from integrations.services.errors import Rejected
from integrations.services.locating import Locating
from kb import danger_examples, places, urgency
from kb.content_files import ContentError, shown
from kb.feelings import examples as feelings
from kb.learned import Learned
from kb.places.atlas import point_of
from kb.places.coordinates import checked, likely_crs, to_wgs84
from kb.places.reading import Doubt
from kb.tickets import Kind
from kb.training import rows
from kb.understanding import Understood
from kb.vectors import SHIPPED, Library, Unavailable
from kb.verdict import Decision

PANEL = "Understanding"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""

    @app.command(rich_help_panel=PANEL)
    def classify(
        model: Annotated[
            Path | None, typer.Option(help="Folder that `jiesu classifier fit` wrote; adds its label to every line.")
        ] = None,
    ) -> None:
        """Read {"id","text"} lines from standard input; print what each is about.

        Where it belongs (a category, or the duty of another authority), what to do (file, choose, ask, handover),
        what is wanted, whether life is at risk, and the words that decided.
        """
        services = bootstrap.build(settings.load())
        learned = Learned.load(model, services.embedder) if model else None
        if learned and learned.kind is Kind.CODES:
            judge = learned.judge(services.taxonomy, services.duties)
            services = bootstrap.build(services.settings, classifier=judge, embedder=services.embedder)
        for given in _lines():
            line = {"id": given["id"], **_understood(services, services.understanding.read(given["text"]))}
            if learned:
                label, sure = learned.label(given["text"])
                line |= {"label": label, "label_confidence": round(sure, 4)}
            _print(line)

    @app.command(rich_help_panel=PANEL)
    def locate() -> None:
        """Read {"id","text"} lines from standard input; print the place each is about.

        A pin may come with the text: "lat", "lon" and "crs" (WGS-84, GCJ-02 or BD-09; where nobody said which, the one
        that agrees with the words is taken, else WGS-84). `ask` is true where a citizen would be asked, and `doubt`
        says why; `candidates` are the other places that it may be.

        Printed are id, district, street, community, road, place, spot, lat, lon (WGS-84), confidence, ask, doubt,
        district_code, street_code, community_code, reasons, candidates and layers; null is what is not known.
        """
        services = bootstrap.build(settings.load())
        for given in _lines():
            _print({"id": given["id"], **_located(services.locating, given)})

    model = typer.Typer(help="The classifier of categories.", no_args_is_help=True)
    app.add_typer(model, name="classifier", rich_help_panel=PANEL)

    @model.command()
    def vectors() -> None:
        """Embed the sentences that are new since the last time, for shipping with the content.

        Only for those who change kb/content: an installation embeds new sentences by itself when it trains.
        """
        services = bootstrap.build(settings.load())
        embedder = services.embedder
        if embedder is None:
            raise Rejected("no embedder on this machine")
        dangers, distress = danger_examples.rows(urgency.load()), feelings.rows()
        learned = (rows(services.taxonomy, services.duties), dangers, distress)
        texts = [text for content in learned for text, _ in content]
        library = Library.load(SHIPPED) if SHIPPED.exists() else None
        console = Console(stderr=True)
        with steps(console) as step:

            def progress(done: int, of: int) -> None:
                step("embedding new sentences", done, of)

            if library is None or library.space.embedder != embedder.name:
                library = Library.make(embedder, texts, progress=progress)
            library.vectors(texts, embedder, progress=progress)
        library.only(texts).save(SHIPPED)
        console.print(f"{shown(SHIPPED)}: {len(texts)} sentences", highlight=False)

    intents = typer.Typer(help="The sentences from which intents are learned.", no_args_is_help=True)
    app.add_typer(intents, name="nlu", rich_help_panel=PANEL)
    intents.command("vectors")(_intent_vectors)


def _intent_vectors(
    anew: Annotated[bool, typer.Option(help="Make all of them again, and their space.")] = False,
) -> None:
    """Embed the sentences of data/nlu that are new since the last time, for shipping with them.

    Only for those who change data/nlu: an installation embeds new sentences by itself when it trains.
    """
    embedder = bootstrap.build(settings.load()).embedder
    if embedder is None:
        raise Rejected("no embedder on this machine")
    console = Console(stderr=True)
    try:
        with steps(console) as step:
            said, new = nlu_vectors.ship(
                embedder, anew=anew, progress=lambda done, of: step("embedding new sentences", done, of)
            )
    except Unavailable as away:
        raise Rejected(str(away)) from away
    console.print(f"{shown(nlu_vectors.SHIPPED)}: {said} sentences, {new} of them new", highlight=False)


def _understood(services: Services, understood: Understood) -> dict[str, Any]:
    found = understood.classified
    verdict, refer_to = found.verdict, found.refer_to
    where: dict[str, Any]
    if refer_to:
        where = dict.fromkeys(("level1", "level2", "level3", "industry", "domain"))
        where |= {"code": refer_to, "unit": services.duties[refer_to].name, "confidence": verdict.out_of_scope}
    else:
        leaf = services.taxonomy.leaf(found.code)
        where = {
            "code": leaf.code,
            "level1": leaf.level1,
            "level2": leaf.level2,
            "level3": leaf.name,
            "industry": leaf.industry,
            "domain": leaf.domain,
            "unit": leaf.entry.unit,
            "confidence": round(verdict.best.probability, 4),
        }
    return {
        **where,
        "decision": Decision.HANDOVER if refer_to else found.decision,
        "request_type": understood.request.type,
        "urgent": found.danger is not None,
        "danger": found.danger.name if found.danger else None,
        "scope": "out" if refer_to else "in",
        "refer_to": refer_to,
        "reasons": list(verdict.reasons),
        "tags": [
            {"reason": tag.reason, "evidence": tag.evidence, "confidence": tag.confidence} for tag in understood.tags
        ],
        "alternatives": [one.code for one in verdict.ranking if one.code != found.code][:5],
    }


def _located(locating: Locating, given: dict[str, Any]) -> dict[str, Any]:
    reading = locating.read(given["text"])
    place, doubt = reading.place, reading.doubt
    others = [(one.place.full, one.confidence) for one in reading.candidates[1:]]
    if given.get("lat") is not None or given.get("lon") is not None:
        pinned = locating.places().pinned(_pin(given, place), place)
        place = pinned.place
        doubt = Doubt.ELSEWHERE if pinned.outside else Doubt.WHICH if pinned.disagree else None
        others = [(pinned.said.full, pinned.said.confidence)] if pinned.said else []
    point = point_of(place) if place else None
    return {
        "district": place.district if place else None,
        "street": place.street if place else None,
        "community": place.community if place else None,
        "road": place.road if place else None,
        "place": place.text if place else None,
        "spot": place.spot if place else None,
        "lat": round(point[0], 6) if point else None,
        "lon": round(point[1], 6) if point else None,
        "confidence": place.confidence if place else 0.0,
        "ask": doubt is not None,
        "doubt": doubt,
        "district_code": place.district_code if place else None,
        "street_code": place.street_code if place else None,
        "community_code": place.community_code if place else None,
        "reasons": list(reading.candidates[0].reasons) if reading.candidates else [],
        "candidates": [{"place": full, "confidence": sure} for full, sure in others],
        "layers": {fact.title: fact.value for fact in locating.facts(place)} if place else {},
    }


def _pin(given: dict[str, Any], told: places.Place | None) -> places.Place:
    """The pin of a line. Raises ContentError for what is no point."""
    try:
        if given.get("lat") is None or given.get("lon") is None:
            raise ValueError("lat and lon come together")
        point = checked(float(given["lat"]), float(given["lon"]))
        crs = given.get("crs") or likely_crs(point, [known] if told and (known := point_of(told)) else [])[0]
        to_wgs84(point, crs)
    except (ValueError, TypeError, OverflowError) as wrong:
        raise ContentError(f"standard input: id {given['id']!r}: {wrong}") from wrong
    return places.Place(text="", lat=point[0], lon=point[1], crs=crs, confidence=0.6)


def _lines() -> Iterator[dict[str, Any]]:
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            yield {**value, "id": value["id"], "text": str(value["text"])}
        except (ValueError, KeyError, TypeError) as wrong:
            raise ContentError(f'standard input:{number}: expected {{"id": …, "text": …}} ({wrong})') from wrong


def _print(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
