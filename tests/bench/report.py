"""What the bench found, as plain tables: the ratios first."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Protocol

from tests.bench.load import SLOW_SECONDS, Block, Climb, quantile
from tests.bench.script import TURNS

TITLES = {"jiesu": "Jiesu's Rasa", "stock": "stock Rasa", "whole": "Jiesu, whole"}


class Found(Protocol):
    """What was found at one door: `blocks` by how many dialogues were at once, MB by part, seconds until ready."""

    blocks: dict[int, list[Block]]
    memory: dict[str, float]
    started: float
    climbed: Climb | None


def turns(blocks: Sequence[Block]) -> list[float]:
    """Seconds of every turn."""
    return [turn for one in blocks for turn in one.turns]


def speed(blocks: Sequence[Block]) -> float:
    """Turns a second."""
    return len(turns(blocks)) / sum(one.seconds for one in blocks)


def core(blocks: Sequence[Block], part: str = "") -> float:
    """Core milliseconds for one turn, of one part or of all together."""
    spent = sum(seconds for one in blocks for name, seconds in one.core.items() if part in ("", name.rstrip("'")))
    return 1000 * spent / len(turns(blocks))


def ratios(ours: Sequence[Block], theirs: Sequence[Block]) -> str:
    """How many times faster, block by block, and how many times less core time."""
    pairs = [mine.speed / other.speed for mine, other in zip(ours, theirs, strict=True)]
    spread = f"block by block {min(pairs):.1f} to {max(pairs):.1f}"
    return (
        f"throughput {statistics.median(pairs):.1f} times stock Rasa's ({spread}); "
        f"core time a turn, Rasa and actions: 1/{core(theirs) / core(ours):.1f}, "
        f"Rasa alone: 1/{core(theirs, 'rasa') / core(ours, 'rasa'):.1f}"
    )


def report(doors: Mapping[str, Found]) -> str:
    """All of it."""
    lines = [""]
    jiesu, stock = doors["jiesu"].blocks, doors["stock"].blocks
    lines += [f"{many} at once: {ratios(jiesu[many], stock[many])}" for many in jiesu]
    for many in jiesu:
        lines += [
            "",
            f"{many} dialogues of {TURNS} turns at once, blocks taken in turns",
            f"{'':14}{'turns/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'tickets':>9}{'lost':>6}  core ms a turn",
        ]
        for name, door in doors.items():
            blocks = door.blocks[many]
            took = turns(blocks)
            tickets = sum(one.tickets for one in blocks) * TURNS / len(took)
            parts = sorted({part.rstrip("'") for one in blocks for part in one.core})
            spent = ", ".join(f"{part} {core(blocks, part):.1f}" for part in parts if core(blocks, part) >= 0.05)
            lines.append(
                f"{TITLES[name]:14}{speed(blocks):9.1f}{quantile(took, 0.5) * 1000:9.0f}"
                f"{quantile(took, 0.99) * 1000:9.0f}{tickets:9.0%}{sum(one.lost for one in blocks):6d}  {spent}"
            )
    lines += ["", f"until it breaks: a turn is lost, or p99 is beyond {SLOW_SECONDS:.0f} s"]
    for name, door in doors.items():
        if one := door.climbed:
            why = f"{one.lost} turns lost" if one.lost else f"p99 {one.p99:.1f} s"
            lines.append(f"{TITLES[name]:14} held {one.held:.1f} turns/s, broke at {one.broke:.1f} ({why})")
    lines += ["", "memory and start"]
    for name, door in doors.items():
        sizes = ", ".join(f"{part} {size:.0f}" for part, size in sorted(door.memory.items()))
        lines.append(f"{TITLES[name]:14} {sizes} MB; ready after {door.started:.1f} s")
    return "\n".join(lines)
