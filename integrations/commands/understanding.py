"""What the assistant makes of text, one JSON object a line: `jiesu classify | locate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import typer
from rich.console import Console

from integrations import bootstrap, settings
from integrations.services.errors import Rejected
from kb import places
from kb.content_files import ContentError, shown
from kb.training import rows
from kb.vectors import SHIPPED, Library
from kb.verdict import Decision

PANEL = "Understanding"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""

    @app.command(rich_help_panel=PANEL)
    def classify() -> None:
        """Read {"id","text"} lines from standard input; print the category of each."""
        services = bootstrap.build(settings.load())
        for given in _lines():
            verdict = services.classifier.judge(given["text"])
            leaf = services.taxonomy.leaf(verdict.best.code)
            danger = services.dangers.find(given["text"])
            out = verdict.decision is Decision.REFER and not danger
            _print(
                {
                    "id": given["id"],
                    "code": leaf.code,
                    "level1": leaf.level1,
                    "level2": leaf.level2,
                    "level3": leaf.name,
                    "industry": leaf.industry,
                    "domain": leaf.domain,
                    "unit": leaf.entry.unit,
                    "confidence": round(verdict.best.probability, 4),
                    "decision": Decision.HANDOVER if out else verdict.decision,
                    "urgent": danger is not None,
                    "danger": danger.name if danger else None,
                    "scope": "out" if out else "in",
                    "refer_to": verdict.refer_to if out else None,
                    "reasons": list(verdict.reasons),
                    "alternatives": [one.code for one in verdict.ranking[1:6]],
                }
            )

    @app.command(rich_help_panel=PANEL)
    def locate() -> None:
        """Read {"id","text"} lines from standard input; print the place each is about."""
        services = bootstrap.build(settings.load())
        for given in _lines():
            place = places.read(services.gazetteer, given["text"])
            _print(
                {
                    "id": given["id"],
                    "district": place.district if place else None,
                    "street": place.street if place else None,
                    "community": place.community if place else None,
                    "road": place.road if place else None,
                    "place": place.text if place else None,
                    "lat": place.lat if place else None,
                    "lon": place.lon if place else None,
                    "confidence": place.confidence if place else 0.0,
                    "ask": not (place and place.precise),
                }
            )

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
        texts = [text for text, _ in rows(services.taxonomy, services.duties)]
        library = Library.load(SHIPPED) if SHIPPED.exists() else None
        if library is None or library.space.embedder != embedder.name:
            library = Library.make(embedder, texts)
        library.vectors(texts, embedder)
        library.only(texts).save(SHIPPED)
        Console(stderr=True).print(f"{shown(SHIPPED)}: {len(texts)} sentences", highlight=False)


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
