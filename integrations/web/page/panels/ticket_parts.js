// What the panels about tickets have in common.

import { element } from "../element.js";
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
