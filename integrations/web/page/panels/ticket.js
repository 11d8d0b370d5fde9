// One ticket: where it stands, what can be done about it, a copy to keep.

import { cardNode, copy, copyButton } from "../cards.js";
import { element } from "../element.js";
import { openPanel } from "../panel.js";
import { withPhones } from "../phones.js";
import { ask } from "../transport.js";
import { CHINESE, t } from "../words.js";
import { openDeed } from "./ticket_deeds.js";
import { failed, heading, why } from "./ticket_parts.js";

// Gives {closed, changed()}; `seen` is what the server has just said of it.
export async function openTicket({ number, opener, seen = null }) {
  const panel = openPanel({ name: "one-ticket", title: t("tickets.one"), opener });
  let changed = false;

  function fresh(said) {
    changed = true;
    if (said) show(said);
    else load();
  }

  // The button that was tapped may be gone when its panel closes: the focus then begins anew.
  async function act(name, ticket, button) {
    await openDeed(name, ticket, button, fresh);
    if (!button.isConnected) panel.node.querySelector("h2").focus({ preventScroll: true });
  }

  const show = (said) => panel.body.replaceChildren(...parts(said, act));

  async function load() {
    panel.body.replaceChildren(element("p", { class: "ticket-note", role: "status" }, t("tickets.loading")));
    try {
      show(await ask("GET", `/api/tickets/${number}`));
    } catch (problem) {
      panel.body.replaceChildren(failed(why(problem, "tickets.no_network"), load));
    }
  }

  if (seen) show(seen);
  else await load();
  return { closed: panel.closed, changed: () => changed };
}

function parts(seen, act) {
  const { ticket, card } = seen;
  return [
    seen.own ? null : element("p", { class: "ticket-note borrowed" }, t("tickets.opened_for", { minutes: seen.open_minutes })),
    element(
      "section",
      { class: "ticket-head" },
      element("div", { class: "number" }, element("strong", {}, ticket.shown), copyButton(ticket.shown)),
      element("p", { class: "ticket-what" }, ticket.what),
      element("dl", { class: "rows" }, line(t("tickets.where"), ticket.where), line(t("tickets.filed_row"), ticket.filed)),
    ),
    deeds(seen, act),
    cardNode({ ...card, number: "" }, ""),
    media(seen),
    keeping(seen),
  ].filter(Boolean);
}

const line = (label, value) => (value ? element("div", {}, element("dt", {}, label), element("dd", { lang: CHINESE }, withPhones(value))) : null);

function deeds(seen, act) {
  if (!seen.acts.length) return null;
  const first = seen.acts.includes("rate") ? "rate" : seen.acts[0];
  const buttons = seen.acts.map((name) =>
    element(
      "button",
      { type: "button", class: name === first ? "option main" : "option", onclick: (event) => act(name, seen.ticket, event.currentTarget) },
      t(`tickets.${name}`),
    ),
  );
  return element("section", { class: "ticket-section", "aria-label": t("tickets.can") }, element("div", { class: "ticket-deeds" }, buttons));
}

function media({ media: all }) {
  if (!all.length) return null;
  const count = { photo: 0, voice: 0 };
  const photos = all.filter(({ kind }) => kind === "photo").map(({ url }) => url);
  const shown = all.map(({ kind, url }) => {
    count[kind] += 1;
    const name = t(`tickets.${kind}`, { count: count[kind] });
    if (kind === "photo") return element("li", {}, photoButton(photos, count.photo - 1, name));
    return element("li", {}, element("a", { href: url, target: "_blank", rel: "noopener" }, name));
  });
  return element("section", { class: "ticket-section" }, heading(t("tickets.media")), element("ul", { class: "ticket-media", role: "list" }, shown));
}

// Small in the list, large when it is tapped.
function photoButton(photos, index, name) {
  const show = async ({ currentTarget: opener }) => {
    const panel = await import("./photo.js").catch(() => null);
    if (panel) panel.open(opener, photos, index);
  };
  const image = element("img", { src: `${photos[index]}?size=small`, alt: name, loading: "lazy" });
  return element("button", { type: "button", class: "ticket-photo", onclick: show }, image);
}

// ---- a copy to keep -------------------------------------------------------

function keeping(seen) {
  const said = element("p", { class: "ticket-note", role: "status" });
  const share = element("button", { type: "button", class: "option", onclick: () => give(seen.ticket, said) }, t("tickets.share"));
  const print = window.print
    ? element("button", { type: "button", class: "option", onclick: () => putOnPaper(seen) }, t("tickets.print"))
    : null;
  return element("section", { class: "ticket-section" }, heading(t("tickets.keep")), element("div", { class: "ticket-deeds" }, share, print), said);
}

async function give({ number, shown }, said) {
  const address = `${location.origin}/#ticket=${number}`;
  const text = t("tickets.share_text", { number: shown, address });
  if (navigator.share) {
    try {
      await navigator.share({ text });
      return;
    } catch (problem) {
      if (problem.name === "AbortError") return;
    }
  }
  said.textContent = (await copy(text)) ? t("tickets.share_copied") : t("tickets.share_by_hand", { number: shown });
}

// A sheet that only the printer sees.
function putOnPaper({ ticket, card }) {
  const before = document.querySelector(".paper");
  if (before) before.remove();
  const sheet = element(
    "article",
    { class: "paper" },
    element("h1", {}, t("tickets.paper_title")),
    element("p", { class: "paper-number" }, `${t("tickets.number")} `, element("b", {}, ticket.shown)),
    element(
      "dl",
      {},
      line(t("tickets.paper_what"), ticket.what),
      line(t("tickets.paper_where"), ticket.where),
      line(t("tickets.paper_status"), ticket.status_text),
    ),
    element("h2", {}, t("tickets.paper_happened")),
    element("ol", {}, (card.timeline || []).map(({ at, text }) => element("li", {}, element("time", {}, at), ` ${text}`))),
    element("p", { class: "paper-foot" }, t("tickets.paper_hotline")),
  );
  document.body.append(sheet);
  window.addEventListener("afterprint", () => sheet.remove(), { once: true });
  window.print();
}
