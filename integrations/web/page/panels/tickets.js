// "我的诉求": the citizen's own tickets, and one by its number and a phone's
// last digits. "#ticket=481720935562" opens that one at once.

import { byId, element } from "../element.js";
import { loadStyle, openPanel } from "../panel.js";
import { ask } from "../transport.js";
import { CHINESE, loadWords, t } from "../words.js";
import { failed, heading, why } from "./ticket_parts.js";
import { openTicket } from "./ticket.js";

const API = "/api/tickets";

function linked() {
  const found = /^#ticket=(\d{12})$/.exec(location.hash);
  if (location.hash.startsWith("#ticket=")) history.replaceState(history.state, "", location.pathname + location.search);
  return found && found[1];
}

export async function open(opener) {
  const number = linked();
  await Promise.all([loadWords("tickets"), loadStyle("panels/tickets.css")]);
  const panel = openPanel({ name: "tickets", title: t("tickets.title"), opener });
  const list = element("div", { class: "ticket-list" });
  const lookUp = finder(panel);
  panel.body.append(list, lookUp.node);
  await fill(panel, list);
  if (number) await openLinked(panel, list, lookUp, number);
}

// ---- the list -------------------------------------------------------------

async function fill(panel, list) {
  list.replaceChildren(element("p", { class: "ticket-note", role: "status" }, t("tickets.loading")));
  list.setAttribute("aria-busy", "true");
  try {
    const page = await ask("GET", API);
    list.replaceChildren(...(page.tickets.length ? [rows(panel, list, page)] : empty(panel)));
  } catch (problem) {
    list.replaceChildren(failed(why(problem, "tickets.no_network"), () => fill(panel, list)));
  }
  list.removeAttribute("aria-busy");
}

function empty(panel) {
  const begin = element("button", { type: "button", class: "option main" }, t("tickets.tell_now"));
  begin.addEventListener("click", () => panel.close().then(() => byId("words").focus()));
  return [
    element("p", { class: "ticket-empty" }, t("tickets.empty")),
    element("p", { class: "ticket-note" }, t("tickets.empty_how")),
    begin,
  ];
}

function rows(panel, list, first) {
  const shown = element("ul", { class: "ticket-rows", role: "list" });
  const more = element("button", { type: "button", class: "option", hidden: !first.more }, t("tickets.more"));
  const add = (tickets) => shown.append(...tickets.map((one) => row(panel, list, one)));
  let count = first.tickets.length;
  add(first.tickets);
  more.addEventListener("click", async () => {
    more.disabled = true;
    try {
      const next = await ask("GET", `${API}?after=${count}`);
      const place = shown.children.length;
      count += next.tickets.length;
      add(next.tickets);
      more.hidden = !next.more;
      if (shown.children[place]) shown.children[place].querySelector("button").focus();
    } catch (problem) {
      more.textContent = why(problem, "tickets.no_network");
    }
    more.disabled = false;
  });
  return element("div", {}, shown, more);
}

function row(panel, list, ticket) {
  const button = element(
    "button",
    { type: "button", class: "ticket-row" },
    element("span", { class: "ticket-what" }, ticket.what || ticket.shown),
    ticket.where ? element("span", { class: "ticket-where" }, ticket.where) : null,
    element(
      "span",
      { class: "ticket-marks" },
      element("b", { class: ticket.open ? "mark open" : "mark", lang: CHINESE }, ticket.status_text),
      ticket.late ? element("b", { class: "mark late" }, t("tickets.late")) : null,
      ticket.waits_for_rating ? element("b", { class: "mark waits" }, t("tickets.waits")) : null,
    ),
    element("span", { class: "ticket-when" }, ticket.due ? t("tickets.due", { due: ticket.due }) : t("tickets.filed", { when: ticket.filed })),
    element("span", { class: "ticket-when small-number" }, ticket.shown),
  );
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    const seen = await openTicket({ number: ticket.number, opener: button });
    button.removeAttribute("aria-busy");
    seen.closed.then(() => seen.changed() && again(panel, list, ticket.number));
  });
  return element("li", { "data-number": ticket.number }, button);
}

// What was done in a ticket shows in the list; the focus stays on that ticket.
async function again(panel, list, number) {
  await fill(panel, list);
  const same = list.querySelector(`[data-number="${number}"] button`);
  if (same) same.focus({ preventScroll: true });
}

async function openLinked(panel, list, lookUp, number) {
  let seen = null;
  try {
    seen = await ask("GET", `${API}/${number}`);
  } catch (problem) {
    lookUp.ask(number, problem.status === 404 ? "" : why(problem, "tickets.no_network"));
    return;
  }
  const opened = await openTicket({ number, seen, opener: panel.node.querySelector("h2") });
  opened.closed.then(() => opened.changed() && again(panel, list, number));
}

// ---- by number ------------------------------------------------------------

function field(id, label, hint, more) {
  const input = element("input", { id, type: "text", inputmode: "numeric", autocomplete: "off", "aria-describedby": "find-wrong", ...more });
  const caption = element("label", { for: id }, label, hint ? element("small", {}, hint) : null);
  return { input, node: element("div", { class: "ticket-field" }, caption, input) };
}

const digits = (text) => text.normalize("NFKC").replace(/\D/g, "");

function finder() {
  const number = field("find-number", t("tickets.number"), t("tickets.number_hint"), { maxlength: 24 });
  const four = field("find-four", t("tickets.last_four"), "", { maxlength: 8 });
  const wrong = element("p", { class: "ticket-wrong", id: "find-wrong", role: "alert" });
  const go = element("button", { type: "submit", class: "option main" }, t("tickets.look_up"));
  const form = element("form", { class: "ticket-find", novalidate: true }, number.node, four.node, wrong, go);

  function refuse(text, input) {
    wrong.textContent = text;
    if (!input) return;
    input.setAttribute("aria-invalid", "true");
    input.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    wrong.textContent = "";
    for (const { input } of [number, four]) input.removeAttribute("aria-invalid");
    if (!digits(number.input.value)) return refuse(t("tickets.need_number"), number.input);
    if (digits(four.input.value).length !== 4) return refuse(t("tickets.need_four"), four.input);
    go.disabled = true;
    try {
      const wanted = { number: digits(number.input.value), last_four: digits(four.input.value) };
      const seen = await ask("POST", `${API}/find`, wanted);
      await openTicket({ number: seen.ticket.number, seen, opener: go });
    } catch (problem) {
      refuse(why(problem, "tickets.no_network"));
    }
    go.disabled = false;
    return undefined;
  });

  return {
    node: element("section", { class: "ticket-section" }, heading(t("tickets.find")), element("p", { class: "ticket-note" }, t("tickets.find_hint")), form),
    ask(asked, problem) {
      number.input.value = asked;
      wrong.textContent = problem;
      form.scrollIntoView();
      four.input.focus();
    },
  };
}
