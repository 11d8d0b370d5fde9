// "我的个人信息": what is kept of the citizen and for how long; deleting it,
// said exactly before and asked once more.

import { element } from "../element.js";
import { forgetPictures } from "../keep.js";
import { loadStyle, openPanel } from "../panel.js";
import { withPhones } from "../phones.js";
import { forgetWords } from "../storage.js";
import { ask } from "../transport.js";
import { loadWords, t } from "../words.js";

const API = "/api/chat/my-data";
const KINDS = ["contacts", "words", "conversations", "memory"];

export async function open(opener) {
  await Promise.all([loadWords("my_data"), loadStyle("panels/my_data.css")]);
  const panel = openPanel({ name: "my-data", title: t("my_data.title"), opener });
  await look(panel);
}

const button = (text, onclick, more) => element("button", { type: "button", class: `option ${more || ""}`, onclick }, text);
const say = (key) => element("p", {}, withPhones(t(`my_data.${key}`)));

function why(problem) {
  if (!problem.status) return t("my_data.no_network");
  return problem.status < 500 ? problem.message : t("my_data.went_wrong");
}

const row = (key, value) => element("div", {}, element("dt", {}, t(`my_data.${key}`)), element("dd", {}, value));

async function look(panel) {
  panel.body.replaceChildren(element("p", { role: "status" }, t("my_data.loading")));
  try {
    show(panel, await ask("GET", API));
  } catch (problem) {
    panel.body.replaceChildren(
      element("p", { class: "data-wrong", role: "alert" }, why(problem)),
      button(t("my_data.retry"), () => look(panel), "main"),
    );
  }
}

function show(panel, kept) {
  panel.body.replaceChildren(
    section(
      "kept",
      element(
        "dl",
        { class: "rows" },
        row("tickets", t("my_data.tickets_count", { count: kept.tickets })),
        row("lines", t("my_data.lines_count", { count: kept.lines })),
        row("phones", kept.phones.join("、") || t("my_data.phones_none")),
      ),
      say("seen_by"),
    ),
    section("how_long", element("ul", {}, KINDS.map((kind) => element("li", {}, t(`my_data.${kind}_days`, { days: kept.days[kind] })))), say("stays")),
    section(
      "wish",
      kept.phones.length ? wish(panel, kept, "phone") : null,
      wish(panel, kept, "all"),
    ),
  );
}

const section = (title, ...content) => element("section", { class: "data-part" }, element("h3", {}, t(`my_data.${title}`)), content);

function wish(panel, kept, what) {
  const open = button(t(`my_data.${what}`), (event) => sure(panel, kept, what, event.currentTarget), "grave");
  return element("div", { class: "data-wish" }, open, say(`${what}_what`));
}

// What exactly would go, and what stays.
function consequences(kept, what) {
  if (what === "phone") return [say("phone_then"), say("department")];
  if (!kept.open.length) return [say("all_gone"), say("all_linked"), say("all_after"), say("department")];
  return [say("all_now"), element("p", {}, t("my_data.all_open", { numbers: kept.open.join("、") })), say("department")];
}

function sure(panel, kept, what, opener) {
  const asking = openPanel({ name: "my-data", title: t(`my_data.${what}`), opener });
  asking.closed.then(() => {
    if (!opener.isConnected) panel.node.querySelector("h2").focus({ preventScroll: true });
  });
  put(asking, t(`my_data.${what}_ask`), consequences(kept, what), [
    button(t("my_data.keep"), asking.close, "main"),
    button(t(`my_data.${what}`), () => onceMore(panel, asking, what), "grave"),
  ]);
}

function onceMore(panel, asking, what) {
  put(asking, t("my_data.last"), [], [
    button(t("my_data.keep"), asking.close, "main"),
    button(t("my_data.sure"), () => erase(panel, asking, what), "grave"),
  ]);
}

function put(panel, question, text, buttons) {
  const heading = element("h3", { tabindex: "-1", class: "data-question" }, question);
  panel.body.replaceChildren(heading, ...text, element("p", { class: "data-wrong", role: "alert" }), element("div", { class: "data-answers" }, buttons));
  panel.body.scrollTop = 0;
  heading.focus({ preventScroll: true });
}

async function erase(panel, asking, what) {
  const buttons = asking.body.querySelectorAll("button");
  const wrong = asking.body.querySelector(".data-wrong");
  wrong.textContent = "";
  for (const one of buttons) one.disabled = true;
  let gone;
  try {
    gone = await ask("POST", `${API}/erase`, { what, confirm: true });
  } catch (problem) {
    wrong.textContent = why(problem);
    for (const one of buttons) one.disabled = false;
    return;
  }
  if (gone.over) {
    forgetWords();
    await forgetPictures();
    // Whichever way this is left, the page begins anew: what it shows is gone.
    asking.node.addEventListener("cancel", beginAnew);
    window.addEventListener("popstate", beginAnew);
  } else look(panel);
  const numbers = gone.open.length ? [element("p", { class: "data-numbers" }, gone.open.join("、"))] : [];
  const last = gone.over ? button(t("my_data.again"), beginAnew, "main") : button(t("my_data.understood"), asking.close, "main");
  put(asking, gone.text, numbers, [last]);
}

const beginAnew = () => location.replace(location.pathname);
