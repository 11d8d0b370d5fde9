"""What the city is already dealing with: planned outages, road works, campaigns, monthly topics, hot areas.

An entry answers a citizen before any form: category × area × period → what is being done, until when, by whom.
"""

from kb.known_issues.content import FOLDER, load
from kb.known_issues.fields import Circle, Polygon
from kb.known_issues.issue import KnownIssue, all_applying, applying

__all__ = ["FOLDER", "Circle", "KnownIssue", "Polygon", "all_applying", "applying", "load"]
