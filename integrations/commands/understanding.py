"""What the assistant makes of text, one JSON object a line: `jiesu classify | locate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import typer

from integrations import bootstrap, settings
from kb import places
from kb.content_files import ContentError
from kb.taxonomy import Urgency

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
                    "decision": verdict.decision,
                    "urgent": leaf.entry.urgency is Urgency.CRITICAL,
                    "alternatives": [one.code for one in verdict.ranking[1:]],
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
