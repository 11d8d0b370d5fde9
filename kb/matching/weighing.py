"""Is it the same problem: category, place, text and time weighed to a probability, with the reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from kb.matching.incident import Likely, OpenIncident
from kb.matching.meaning import nearness
from kb.matching.policy import Policy, Reach, Sameness, shipped
from kb.matching.sides import Side, side
from kb.matching.texts import identical, overlap
from kb.matching.whereabouts import Whereabouts, compare
from kb.places import Place
from kb.understanding import Classified

# Beyond so many periods after its last report an open incident is another one, whatever else agrees.
OVER = 2.0
# Words without a place that are shorter may be anybody's, though another said the very same: 路灯坏了没人修.
LETTER = 24
# Where nothing shows one place, only words are suggested that overlap so far, or whose vectors are so near.
NEAR_WORDS = 0.5
NEAR_VECTORS = 0.75
# So many categories of a text are compared.
MOST_LIKELY = 8
_MOST_ODDS = 30.0
# Among several tellings none counts as less likely than this.
_LEAST = 0.02


@dataclass(frozen=True, slots=True)
class Report:
    """What a citizen says. `vector` and `likely` as in `OpenIncident`."""

    text: str
    category: str
    place: Place | None = None
    vector: bytes | None = None
    likely: Likely = ()


@dataclass(frozen=True, slots=True)
class Match:
    """How likely report and incident are about one problem.

    `probability` is calibrated, 0 to 1. `reasons` are short words for the citizen, the place first. `features` are what
    was weighed, by name. `against` names the contradictions. `automatic` is False where something forbids joining
    without a person: one of those, or no place.
    """

    probability: float
    reasons: tuple[str, ...]
    features: Mapping[str, float]
    automatic: bool
    against: tuple[str, ...] = ()


def likely_categories(found: Classified) -> tuple[str, Likely]:
    """The category of a text and all that it may be, for a `Report`; the probabilities come to 1."""
    ranked = {one.code: one.probability for one in found.verdict.ranking[:MOST_LIKELY]}
    if found.code != found.verdict.best.code:  # words of danger said whose it is
        ranked = {code: chance / 2 for code, chance in ranked.items()} | {found.code: 0.5}
    total = sum(ranked.values()) or 1.0
    return found.code, tuple((code, round(chance / total, 3)) for code, chance in ranked.items())


def weigh(report: Report, incident: OpenIncident, now: datetime, policy: Policy | None = None) -> Match:
    """The probability that both are about one problem, for a report that comes `now`."""
    policy = policy or shipped()
    mine, theirs = side(report.place, report.text), side(incident.place, incident.summary)
    kind = policy.of(incident.category)
    where = compare(mine, theirs, kind)
    placed = "placeless" not in where.figures and "half_placed" not in where.figures
    same_words = identical(mine.letters, theirs.letters) and (placed or len(mine.letters.plain) >= LETTER)
    features = dict(where.figures)
    features |= _by_words(report, incident, mine, theirs)
    features |= _by_category(report, incident, kind, where, policy)
    late = lateness(incident.last_report_at, incident.closed_at, now, kind)
    features["age"] = _age(now - incident.last_report_at)
    if late:
        features["late"] = late
    if same_words:
        features["identical"] = 1.0
    probability = _probability(features, policy.weights)
    if late > OVER or not (where.said or same_words or _near_words(features)):
        probability = 0.0
    # Along a road there are many, of which one telling names the house or the crossing and the other may mean the next.
    exact = where.said is not None and not (where.figures.get("road") and not where.figures.get("pin"))
    automatic = same_words or (placed and exact and not where.against and late <= 1.0)
    reasons = _reasons(report, incident, now, where, same_words, policy)
    return Match(round(probability, 4), reasons, features, automatic, where.against)


def weigh_all(report: Report, tellings: Sequence[OpenIncident], now: datetime, policy: Policy | None = None) -> Match:
    """As `weigh`, for an incident that several have told of: `tellings` are the incident in the words of each.

    The likeliest telling counts for one half, all of them for the other: a building that only the third has named
    speaks against another one. Reasons and features are those of the likeliest. Raises ValueError without a telling.
    """
    matches = [weigh(report, telling, now, policy) for telling in tellings]
    if not matches:
        raise ValueError("an incident without a telling")
    best = max(matches, key=lambda match: match.probability)
    if len(matches) == 1 or best.probability == 0.0:
        return best
    mean = sum(_odds(match.probability) for match in matches) / len(matches)
    probability = _chance((_odds(best.probability) + mean) / 2)
    against = tuple(dict.fromkeys(name for match in matches for name in match.against))
    return replace(best, probability=round(probability, 4), automatic=best.automatic and not against, against=against)


def _by_words(report: Report, incident: OpenIncident, mine: Side, theirs: Side) -> dict[str, float]:
    found = {"overlap": overlap(mine.letters, theirs.letters)}
    near = nearness(report.vector, incident.vector)
    if near is None:
        found["no_vector"] = 1.0
    else:
        found["near"] = max(0.0, near)
    return found


def _by_category(
    report: Report, incident: OpenIncident, kind: Sameness, where: Whereabouts, policy: Policy
) -> dict[str, float]:
    """How far both are likely to be of one leaf, level 2 and level 1, each from 0 to 1; the rest is near or strange."""
    mine = _levels(report.likely or ((report.category, 1.0),))
    theirs = _levels(incident.likely or ((incident.category, 1.0),))
    found = {name: _agreement(*both) for name, *both in zip(("leaf", "level2", "level1"), mine, theirs, strict=True)}
    rest, linked = 1.0 - found["level1"], _linked(mine[2], theirs[2], policy)
    found |= {"near_branch": rest * linked, "stranger": rest * (1.0 - linked)}
    if kind.reach is Reach.HOME and "same_unit" not in where.figures:
        found["home"] = 1.0
    if kind.reach is Reach.AREA:
        found["area"] = 1.0
    return {name: value for name, value in found.items() if value > 0}


def _linked(mine: Mapping[str, float], theirs: Mapping[str, float], policy: Policy) -> float:
    """How likely both branches are near ones or the same, from 0 to 1."""
    return min(
        1.0,
        sum(
            chance * sum(theirs.get(other, 0.0) for other in policy.branches(branch)) for branch, chance in mine.items()
        ),
    )


def _agreement(mine: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    """From 0 to 1 for the same distribution over codes (the Bhattacharyya coefficient)."""
    return min(1.0, sum(math.sqrt(chance * theirs[code]) for code, chance in mine.items() if code in theirs))


@lru_cache(maxsize=4_096)
def _levels(likely: Likely) -> tuple[Mapping[str, float], Mapping[str, float], Mapping[str, float]]:
    """The probabilities by leaf, level 2 and level 1."""
    return dict(likely), _summed(likely, 4), _summed(likely, 2)


def _summed(likely: Likely, digits: int) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for code, chance in likely:
        found[code[:digits]] = found.get(code[:digits], 0.0) + chance
    return found


def _nearness(mine: str, theirs: str, policy: Policy) -> str:
    if mine == theirs:
        return "leaf"
    if mine[:4] == theirs[:4]:
        return "level2"
    if mine[:2] == theirs[:2]:
        return "level1"
    return "near_branch" if theirs[:2] in policy.branches(mine) else "stranger"


def _near_words(features: Mapping[str, float]) -> bool:
    return features["overlap"] >= NEAR_WORDS or features.get("near", 0.0) >= NEAR_VECTORS


def lateness(last_report_at: datetime, closed_at: datetime | None, now: datetime, kind: Sameness) -> float:
    """How much of its period has passed since the last report; of a closed one, of the time in which it recurs."""
    if closed_at is not None and now > closed_at:
        return (now - closed_at) / kind.recurs if kind.recurs else 2 * OVER
    if kind.period is None:
        return 0.0
    return max(timedelta(0), now - last_report_at) / kind.period


def _age(gap: timedelta) -> float:
    """Time between the two, from 0 for at once to 1 for a year."""
    hours = abs(gap / timedelta(hours=1))
    return min(1.0, math.log1p(hours) / math.log1p(365 * 24))


def _probability(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    return _chance(weights["constant"] + sum(weights.get(name, 0.0) * value for name, value in features.items()))


def _chance(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-_MOST_ODDS, min(_MOST_ODDS, odds))))


def _odds(chance: float) -> float:
    chance = max(_LEAST, min(1.0 - _LEAST, chance))
    return math.log(chance / (1.0 - chance))


def _reasons(
    report: Report, incident: OpenIncident, now: datetime, where: Whereabouts, same_words: bool, policy: Policy
) -> tuple[str, ...]:
    """Place, kind, age and number of people, in the words of the content."""
    says = policy.says
    said = [says("words")] if same_words else []
    if where.said:
        key, name = where.said
        said.append(says(key, name=name))
    kind = _nearness(report.category, incident.category, policy)
    said.append(says(kind if kind != "stranger" else "near_branch"))
    said.append(_how_old(incident, now, policy))
    said.append(says("people", count=str(incident.people)))
    return tuple(said)


def _how_old(incident: OpenIncident, now: datetime, policy: Policy) -> str:
    if incident.closed_at is not None and now > incident.closed_at:
        return policy.says("closed", count=str((now - incident.closed_at).days))
    days = (now - incident.opened_at).days
    return policy.says("days", count=str(days)) if days > 0 else policy.says("today")
