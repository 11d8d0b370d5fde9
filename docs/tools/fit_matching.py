#!/usr/bin/env python3
"""Fit the weights of kb/content/matching.yml: is a report about the same problem as an incident?

    .venv/bin/python docs/tools/fit_matching.py [--clusters N] [--seed N] [--keep FILE]

Reports are made by rule from kb/content/matching_pairs.yml: problems as several people tell them, put at compounds,
buildings, houses, crossings and roads of the city (and at compounds that no list knows), with district or without, with
numerals of both kinds, slips, openings, and pins for a quarter. Beside each incident stand others that are hard to tell
from it: another building, another house, another section, another problem at the place, the next compound, the same
name in another district, the same again after its period, another shop. Every report is read as the conversation reads
it: category, place, sentence vector. Nothing of tests/blind is used.

The weights are a logistic regression whose signs are given: what contradicts never raises the probability. Printed are
the weights for the file, and, each fifth of the clusters judged by the rest: calibration, precision and recall over
the bar, of what is offered and of what would join by itself.
--keep keeps what was read of the reports, for fitting again.
"""

from __future__ import annotations

import argparse
import itertools
import pickle
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from made_reports import Made, World
from scipy.optimize import minimize

from integrations import bootstrap, settings
from kb.deadlines import CITY_TIME
from kb.matching.incident import OpenIncident
from kb.matching.meaning import meaning
from kb.matching.policy import shipped
from kb.matching.weighing import Report, likely_categories, weigh
from kb.places import Place
from kb.training import kept_library

START = datetime(2026, 5, 1, 8, tzinfo=CITY_TIME)
PENALTY = 0.004
# So often two different reports are told in the very same words; else the words would speak against one problem.
ALIKE = 0.1
# So often a report is taken for another kind: citizens tell of what they suffer (鞋上全是泥) more often than the made
# tellings do, and then the category is off.
ASTRAY = 0.25
HELD_BACK = 5
FOR = [
    "house",
    "crossing",
    "spot",
    "mention",
    "name",
    "community",
    "street",
    "road",
    "road_alone",
    "pin",
    "half_pin",
    "same_building",
    "same_unit",
    "same_gate",
    "overlap",
    "near",
    "identical",
    "leaf",
    "level2",
    "level1",
]
AGAINST = [
    "far",
    "half_building",
    "half_part",
    "half_placed",
    "placeless",
    "other_district",
    "other_listed_district",
    "other_building",
    "other_building_wide",
    "other_unit",
    "other_unit_wide",
    "other_gate",
    "other_gate_wide",
    "other_part",
    "other_part_wide",
    "other_exit",
    "other_exit_wide",
    "next_house",
    "other_house",
    "other_spot",
    "other_spot_here",
    "other_name",
    "other_road",
    "other_road_here",
    "other_section",
    "near_branch",
    "home",
    "age",
    "late",
    "stranger",
]
EITHER = ["constant", "no_vector", "area"]
# What the made pairs have too seldom, or otherwise than the city: by judgement. A list of names knows a place of one
# name in one district only where there may be more.
GIVEN = {"identical": 4.0, "half_pin": 0.8, "street": 1.2, "other_listed_district": -1.0}
# At least so much a contradiction says, also where few made pairs have it.
LEAST = {
    "other_unit": -1.5,
    "other_gate": -1.5,
    "other_gate_wide": -0.5,
    "other_exit": -2.0,
    "other_exit_wide": -1.0,
    "other_name": -2.0,
    "other_section": -1.5,
    "next_house": -1.0,
    "late": -0.3,
}


@dataclass(frozen=True)
class Read:
    """A made report as the conversation reads it."""

    made: Made
    report: Report


def read_all(made: Sequence[Made], kept: dict[str, Report]) -> list[Read]:
    """Every report read; `kept` has what was read before, by its text, and gets what is new."""
    new = list(dict.fromkeys(one.text for one in made if one.text not in kept))
    if new:
        services = bootstrap.build(settings.load())
        library = kept_library(services.settings.data_dir / "models", services.embedder)
        maker = meaning(services.embedder, library.space if library else None)
        vectors = maker.of(new) if maker else [None] * len(new)
        for text, vector in zip(new, vectors, strict=True):
            code, likely = likely_categories(services.understanding.classify(text))
            kept[text] = Report(text, code, services.locating.read(text).place, vector, likely)
    return [Read(one, pinned(kept[one.text], one)) for one in made]


def pinned(report: Report, made: Made) -> Report:
    if made.pin is None:
        return report
    lat, lon = made.pin
    place = report.place or Place(text="")
    return replace(report, place=replace(place, lat=lat, lon=lon, crs=made.crs, pinned=True))


def pairs(reads: Sequence[Read], chance: random.Random) -> Iterator[tuple[int, bool, bool, dict[str, float]]]:
    """(cluster, same, may join by itself, features) of pairs in one cluster, and of some from two clusters."""
    policy = shipped()
    clusters: dict[int, list[Read]] = {}
    for one in reads:
        clusters.setdefault(one.made.cluster, []).append(one)
    others = list(clusters)
    for number, members in clusters.items():
        strangers = [chance.choice(clusters[chance.choice(others)]) for _ in range(2)]
        for earlier in [*members, *strangers]:
            for later in members:
                if earlier.made.at >= later.made.at and earlier.made.cluster == number:
                    continue
                if earlier.made.telling == later.made.telling and chance.random() > ALIKE:
                    continue
                report, now = later.report, START + later.made.at
                if chance.random() < 0.1:
                    report = replace(report, vector=None)
                if chance.random() < ASTRAY:
                    other = chance.choice(reads).report
                    report = replace(report, category=other.category, likely=other.likely)
                opened = START + earlier.made.at if earlier.made.cluster == number else now - timedelta(days=2)
                before = earlier.report
                incident = OpenIncident("", before.category, before.place or Place(text=""), before.text, opened, opened, 1, vector=before.vector, likely=before.likely)  # fmt: skip
                match = weigh(report, incident, now, policy)
                same = earlier.made.incident == later.made.incident
                if match.features.get("late", 0.0) <= 2.0 and not GIVEN.keys() & match.features.keys():
                    yield number, same, match.automatic, dict(match.features)


def fit(matrix: np.ndarray, truth: np.ndarray, names: Sequence[str]) -> np.ndarray:
    signs = np.where(truth, 1.0, -1.0)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = signs * (matrix @ weights)
        wrong = 1.0 / (1.0 + np.exp(margin))
        value = np.logaddexp(0.0, -margin).mean() + PENALTY / 2 * (weights[1:] ** 2).mean()
        slope = -(matrix * (signs * wrong)[:, None]).mean(0)
        slope[1:] += PENALTY * weights[1:] / (len(weights) - 1)
        return float(value), slope

    bounds = [(0.0, None) if n in FOR else (None, LEAST.get(n, -0.05)) if n in AGAINST else (None, None) for n in names]
    start = np.array([0.1 if n in FOR else LEAST.get(n, -0.1) if n in AGAINST else 0.0 for n in names])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 5_000})
    return np.asarray(found.x)


def told(chances: np.ndarray, truth: np.ndarray, alone: np.ndarray) -> None:
    edges = np.linspace(0, 1, 11)
    error = 0.0
    for low, high in itertools.pairwise(edges):
        among = (chances >= low) & ((chances < high) | (high == 1.0))
        if among.any():
            error += among.mean() * abs(chances[among].mean() - truth[among].mean())
    print(f"# held back: {len(truth)} pairs, {int(truth.sum())} the same; expected calibration error {error:.3f}")
    for bar in (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.87, 0.88, 0.9, 0.95):
        above = chances >= bar
        print(
            f"# bar {bar:.2f}: precision {truth[above].mean():.3f}, recall {above[truth].mean():.3f}; by itself: "
            f"precision {truth[above & alone].mean():.3f}, recall {(above & alone)[truth].mean():.3f}"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--clusters", type=int, default=500)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", type=Path)
    given = options.parse_args()
    chance = random.Random(given.seed)  # noqa: S311 - the same every time
    kept: dict[str, Report] = {}
    if given.keep and given.keep.exists():
        kept = pickle.loads(given.keep.read_bytes())  # noqa: S301 - written below
    reads = read_all(list(World(chance).reports(given.clusters)), kept)
    if given.keep:
        given.keep.write_bytes(pickle.dumps(kept))
    names = ["constant", *FOR, *AGAINST, *EITHER[1:]]
    found = list(pairs(reads, chance))
    unknown = {name for *_, features in found for name in features} - set(names)
    assert not unknown, unknown
    free = [name for name in names if name not in GIVEN]
    matrix = np.array([[1.0, *(features.get(name, 0.0) for name in free[1:])] for *_, features in found])
    truth = np.array([same for _, same, _, _ in found])
    alone = np.array([automatic for _, _, automatic, _ in found])
    part = np.array([cluster % HELD_BACK for cluster, *_ in found])
    chances = np.zeros(len(found))
    for held in range(HELD_BACK):
        learned = fit(matrix[part != held], truth[part != held], free)
        chances[part == held] = 1.0 / (1.0 + np.exp(-(matrix[part == held] @ learned)))
    told(chances, truth, alone)
    final = dict(zip(free, fit(matrix, truth, free), strict=True)) | GIVEN
    counts = dict(zip(free, (matrix != 0).sum(0), strict=True))
    print("weights:")
    for name in names:
        print(f"  {name}: {round(float(final[name]), 2)}  # {counts.get(name, 0)}")


if __name__ == "__main__":
    main()
