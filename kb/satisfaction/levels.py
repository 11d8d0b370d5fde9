"""How satisfied: five levels (五档), or two of them."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """The values are the words that citizens see, best first."""

    VERY_SATISFIED = "非常满意"
    SATISFIED = "满意"
    BASICALLY = "基本满意"
    DISSATISFIED = "不满意"
    VERY_DISSATISFIED = "非常不满意"

    @property
    def good(self) -> bool:
        """Whether it counts as satisfied."""
        return self in (Level.VERY_SATISFIED, Level.SATISFIED, Level.BASICALLY)


TWO = (Level.SATISFIED, Level.DISSATISFIED)


def scale(levels: int) -> tuple[Level, ...]:
    """What is offered: all five, or satisfied and not. Raises ValueError for any other number."""
    if levels == len(Level):
        return tuple(Level)
    if levels == len(TWO):
        return TWO
    raise ValueError(f"there is no scale of {levels} levels; 2 or 5 would do")


def on_scale(level: Level, levels: int) -> Level:
    """The level as the scale has it: 基本满意 is 满意 where only two are asked for."""
    if level in scale(levels):
        return level
    return Level.SATISFIED if level.good else Level.DISSATISFIED
