// "怎么用".

import { element } from "../element.js";
import { openPanel } from "../panel.js";
import { withPhones } from "../phones.js";
import { loadWords, t } from "../words.js";

const LINES = ["plainly", "one_thing", "place", "photos", "number", "person", "danger"];

export async function open(opener) {
  await loadWords("help");
  const panel = openPanel({ name: "how", title: t("help.title"), opener });
  panel.body.append(element("ul", {}, LINES.map((line) => element("li", {}, withPhones(t(`help.${line}`))))));
  panel.foot.append(
    element("button", { type: "button", class: "option main", onclick: panel.close }, t("help.understood")),
  );
}
