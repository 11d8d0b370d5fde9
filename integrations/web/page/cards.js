// Cards under an assistant message, one function for each kind. A kind this
// page does not know yet is shown by its title and rows.

import { element, icon } from "./element.js";
import { phoneLink, phonesIn, withPhones } from "./phones.js";
import { CHINESE, t } from "./words.js";

const given = (list) => (Array.isArray(list) ? list : []);
const words = (value) => (value === null || value === undefined ? "" : String(value));

function rowList(rows) {
  const shown = given(rows).filter((row) => row && words(row.value) !== "");
  if (!shown.length) return null;
  return element(
    "dl",
    { class: "rows", lang: CHINESE },
    shown.map((row) =>
      element("div", { "data-edit": row.edit || null, "data-begin": row.begin || null }, element("dt", {}, words(row.label)), element("dd", {}, withPhones(words(row.value)))),
    ),
  );
}

// A heading that the server gave, or ours where it gave none.
const named = (title, key) => (title ? element("span", { lang: CHINESE }, title) : key && t(key));

function card(kind, heading, ...content) {
  const head = heading && element("p", { class: "card-title" }, heading);
  return element("div", { class: `card ${kind}` }, head, content);
}

const titled = (sign, title) => [icon(sign), element("span", {}, title)];

export async function copy(number) {
  try {
    await navigator.clipboard.writeText(number);
    return true;
  } catch {
    // Without https there is no clipboard; select the text and copy it the old way.
    const field = element("textarea", { class: "unseen", readonly: true, "aria-hidden": "true", tabindex: "-1" });
    const focused = document.activeElement;
    field.value = number;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (focused) focused.focus({ preventScroll: true });
    return done;
  }
}

export function copyButton(number) {
  const button = element("button", { type: "button", class: "copy", "data-keep-focus": true, "aria-label": t("cards.copy_number", { number }) }, t("cards.copy"));
  button.addEventListener("click", async () => {
    button.textContent = (await copy(number)) ? t("cards.copied") : t("cards.copy_by_hand");
    button.dispatchEvent(new CustomEvent("told", { bubbles: true, detail: button.textContent }));
    setTimeout(() => {
      button.textContent = t("cards.copy");
    }, 2500);
  });
  return button;
}

function ticket({ number, rows }) {
  return card(
    "ticket",
    titled("done", t("cards.ticket_title")),
    element("div", { class: "number" }, element("strong", {}, words(number)), copyButton(words(number))),
    rowList(rows),
  );
}

// `step` counts from 1; a step beyond the last means that all are done. Without
// steps the ticket has left the way that they describe.
function progress({ number, steps, step, rows, timeline }) {
  const names = given(steps);
  const now = names[step - 1];
  const place = (index) => (index + 1 < step ? "past" : index + 1 === step ? "now" : "next");
  const said = (index) => t(`cards.step_${place(index)}`);
  return card(
    "progress",
    [element("span", {}, t("cards.progress_title")), number ? element("span", { class: "small-number" }, words(number)) : ""],
    now ? element("p", { class: "step-now" }, t("cards.step_of", { step, steps: names.length }), element("b", { lang: CHINESE }, now)) : "",
    names.length
      ? element(
          "ol",
          { class: "steps", role: "list" },
          names.map((name, index) =>
            element(
              "li",
              { class: place(index), "aria-current": place(index) === "now" ? "step" : null },
              element("span", { class: "dot", "aria-hidden": "true" }, place(index) === "past" ? icon("done") : String(index + 1)),
              element("span", { class: "step-name", lang: CHINESE }, words(name)),
              element("span", { class: "unseen" }, `（${said(index)}）`),
            ),
          ),
        )
      : null,
    rowList(rows),
    given(timeline).length
      ? element(
          "ol",
          { class: "happened", role: "list", lang: CHINESE },
          given(timeline).map((entry) =>
            element("li", {}, element("time", {}, words(entry.at)), element("p", {}, withPhones(words(entry.text)))),
          ),
        )
      : null,
  );
}

function incidents({ title, items }) {
  return card(
    "incidents",
    named(title, "cards.incidents_title"),
    element(
      "ol",
      { role: "list" },
      given(items).map((item, index) =>
        element(
          "li",
          {},
          element("p", { class: "incident-title", lang: CHINESE }, element("span", { class: "dot" }, String(index + 1)), words(item.title)),
          rowList(item.rows),
        ),
      ),
    ),
  );
}

// The advice itself stands in the message's text and is shown inside the card.
function danger({ title, rows }, text) {
  const all = [text, ...given(rows).map((row) => words(row.value))].join("\n");
  return card(
    "danger",
    titled("warn", named(title, "cards.danger_title")),
    text ? element("p", { class: "advice", lang: CHINESE }, withPhones(text)) : "",
    rowList(rows),
    element(
      "div",
      { class: "calls" },
      phonesIn(all).map((number) => {
        const call = phoneLink(number, t("cards.call", { number }));
        call.className = "call";
        call.prepend(icon("phone"));
        return call;
      }),
    ),
  );
}

function notice({ title, number, rows }, text) {
  return card(
    "told",
    titled("bell", named(title, "cards.notice_title")),
    text ? element("p", { class: "message", lang: CHINESE }, withPhones(text)) : "",
    number && !words(text).includes(number) ? element("p", { class: "small-number" }, words(number)) : "",
    rowList(rows),
  );
}

const KINDS = {
  confirm: ({ title, rows }) => card("confirm", named(title, "cards.confirm_title"), rowList(rows)),
  ticket,
  progress,
  incidents,
  known_issue: ({ title, rows }) => card("known", titled("info", named(title, "cards.known_title")), rowList(rows)),
  danger,
  notice,
  staff: ({ title, rows }) => (given(rows).length ? card("by-staff", named(title), rowList(rows)) : null),
  handover: ({ title, rows }) => (given(rows).length ? card("plain", named(title), rowList(rows)) : null),
};

export function cardNode(data, text) {
  const draw = Object.prototype.hasOwnProperty.call(KINDS, data.kind) ? KINDS[data.kind] : ({ title, rows }) => card("plain", named(title), rowList(rows));
  return draw(data, text);
}

// Whether the card shows the message's text itself.
export const holdsText = (data) => Boolean(data) && (data.kind === "danger" || data.kind === "notice");

// The card in one breath for screen readers, without what the text says already.
export function spokenCard(data, text) {
  if (!data) return "";
  const rows = given(data.rows)
    .filter((row) => row && words(row.value) && !text.includes(words(row.value)))
    .map((row) => `${words(row.label)}：${words(row.value)}`);
  const now = data.kind === "progress" && given(data.steps)[data.step - 1];
  return [
    data.title && !text.includes(data.title) ? words(data.title) : "",
    data.number && !text.includes(data.number) ? t("cards.number_spoken", { number: data.number }) : "",
    now ? t("cards.step_spoken", { step: data.step, name: now }) : "",
    ...rows,
    ...given(data.items).map((item, index) => `${index + 1}，${words(item.title)}`),
  ]
    .filter(Boolean)
    .join("；");
}
