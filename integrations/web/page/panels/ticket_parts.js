// What the panels about tickets have in common.

import { element } from "../element.js";
import { withPhones } from "../phones.js";
import { t } from "../words.js";

export const heading = (text) => element("h3", {}, text);

// The sentence for a failure: that the server was not reached, could not, or why it would not.
export function why(problem, unreached) {
  if (!problem.status) return t(unreached);
  return problem.status < 500 ? problem.message : t("tickets.went_wrong");
}

export function failed(text, retry) {
  return element(
    "div",
    { class: "ticket-failed", role: "alert" },
    element("p", {}, text),
    element("button", { type: "button", class: "option main", onclick: retry }, t("tickets.retry")),
  );
}

export const button = (text, onclick, main) => element("button", { type: "button", class: main ? "option main" : "option", onclick }, text);

// The question gets the focus: whoever listens hears it first.
export function put({ panel }, question, ...rest) {
  const asked = element("p", { class: "deed-question", tabindex: "-1" }, withPhones(question));
  panel.body.replaceChildren(asked, ...rest.filter(Boolean));
  panel.body.scrollTop = 0;
  asked.focus({ preventScroll: true });
}

export function answers(...buttons) {
  return element("div", { class: "deed-answers" }, buttons.filter(Boolean));
}

export function told(deed, text) {
  put(deed, text, answers(button(t("tickets.understood"), deed.panel.close, true)));
}

export const wrongLine = () => element("p", { class: "ticket-wrong", role: "alert" });

export function writing(label, longest, rows) {
  const words = element("textarea", { id: "deed-words", rows, maxlength: longest });
  const left = element("small", { class: "deed-left" });
  const count = () => (left.textContent = longest - words.value.length < 100 ? t("tickets.left", { count: longest - words.value.length }) : "");
  words.addEventListener("input", count);
  return { words, node: element("div", { class: "ticket-field" }, element("label", { for: "deed-words" }, label), words, left) };
}
