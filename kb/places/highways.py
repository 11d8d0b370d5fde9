"""Roads that are called by a number or by the places they join: G204, 308国道, 烟沪线."""

from __future__ import annotations

import re

from kb.places.element import HAN, Found, Kind

# G204, s217省道, 308国道; not a house number, a sum, a bus, a flat.
_NUMBERED = re.compile(
    r"(?<![a-zA-Z\d])(?:[gsGS]\d{1,4}(?:辅路|国道|省道|高速|线)?|\d{3}(?:国道|省道|辅路))(?!\d|号|路|元|块|米|室)"
)
# 烟沪线 with more of the sentence after it.
_LINE = re.compile(rf"[{HAN}]{{2,3}}线(?=[{HAN}\d])")
# Of other lines: 热力管线, 光缆线, 专线, 一号线, 在线.
_NO_LINE = frozenset("热光电路管网专一在前")


def add_highways(found: Found) -> None:
    """Add the numbered roads, and lines right after a district."""
    divisions = [one for one in found.in_order() if one.kind is Kind.DISTRICT]
    for shape in _NUMBERED.finditer(found.text):
        found.add(found.element(Kind.ROAD, *shape.span()))
    for before in divisions:
        line = _LINE.match(found.text, before.end)
        if line and not set(line.group()) & _NO_LINE:
            found.add(found.element(Kind.ROAD, *line.span()))
