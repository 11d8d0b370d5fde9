"""When something began, in the words of citizens: 上周三晚上, 半个月了, 每天早上六点到九点.

`reading` finds the words and what they say, `when` keeps it, `telling` says which sentence tells it. Nothing is made
more precise than it was said; everything is reckoned from the moment at which the citizen spoke.
"""

from kb.times.reading import Read, Times, shipped
from kb.times.when import Precision, When

__all__ = ["Precision", "Read", "Times", "When", "shipped"]
