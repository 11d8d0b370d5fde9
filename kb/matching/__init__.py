"""Whether two reports are about one problem.

`weigh` compares a report with an incident, `MemoryIndex` finds the incidents worth comparing, `Grouping` puts reports
together as they come. What the city may set is in `content/matching.yml`.
"""

from typing import TYPE_CHECKING

from kb.matching.grouping import MOST, Grouping, Placed, Similar, similar
from kb.matching.incident import Likely, OpenIncident
from kb.matching.index import MemoryIndex
from kb.matching.policy import Policy, load, shipped
from kb.matching.weighing import Match, Report, likely_categories, weigh, weigh_all

__all__ = [
    "BAR",
    "MOST",
    "Grouping",
    "Likely",
    "Match",
    "MemoryIndex",
    "OpenIncident",
    "Placed",
    "Policy",
    "Report",
    "Similar",
    "likely_categories",
    "load",
    "shipped",
    "similar",
    "weigh",
    "weigh_all",
]

if TYPE_CHECKING:
    BAR: float
else:

    def __getattr__(name: str) -> float:
        """`BAR`, from which on an incident is offered; read when it is asked for, for its file may be wrong."""
        if name == "BAR":
            return shipped().bars.suggest
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
