"""Makes kb/content/pinyin.csv: how the words of the examples sound, for messages in pinyin. Run when examples change.

.venv/bin/python -m docs.tools.make_pinyin
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import jieba
from pypinyin import Style, lazy_pinyin

from kb import taxonomy
from kb.content_files import CONTENT
from kb.examples import samples

FILE = CONTENT / "pinyin.csv"
# A word that stands in fewer examples is rather a name or a slip.
LEAST, LONGEST = 4, 4
# What people say to the assistant itself, with the weight of a frequent word.
ALWAYS = {
    200: "我 你 是 的 了 在 有 没有 不 没 坏 坏了 不亮 路灯 三天 垃圾 没人 没人管 漏水 暖气 不热 噪音 太吵 井盖 门口 小区 路 号",
    60: "是的 不是的 可以 没有了 知道 不知道 请问 谁 要 想 帮 修 你好 您好 谢谢 再见 人工 转人工 进度 查进度 匿名 确认 提交 电话 手机号 投诉 反映 举报 怎么 什么 时候 什么时候 哪里 这里 那里 好的 不是 不对 对",
    30: "同安路 青岛 市南 市北 李沧 崂山 城阳 黄岛 即墨 胶州 平度 莱西 昨天 今天 前天 晚上 早上 两天 一周 半个月 一个月 楼道 电梯 停电 停水 燃气 煤气 味 着火 冒烟 停车 违建 占道 油烟",
}


def main() -> None:
    """Write the file."""
    counts: Counter[str] = Counter()
    cut = jieba.Tokenizer()
    cut.initialize()
    for text, _ in samples(taxonomy.load()):
        for word in cut.cut(text):
            if re.fullmatch(r"[\u4e00-\u9fff]+", word) and len(word) <= LONGEST:
                counts[word] += 1
    kept = {word: count for word, count in counts.items() if count >= LEAST}
    for weight, words in ALWAYS.items():
        for word in words.split():
            kept[word] = max(kept.get(word, 0), weight)
    rows = sorted((["".join(_sounds(word)), word, str(count)] for word, count in kept.items()))
    with Path(FILE).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([["sound", "word", "count"], *rows])
    print(len(rows))


def _sounds(word: str) -> list[str]:
    return [sound.replace("ü", "v") for sound in lazy_pinyin(word, style=Style.NORMAL)]


if __name__ == "__main__":
    main()
