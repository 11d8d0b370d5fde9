// What others have told of near the pin, as a list: for the keyboard, for who
// hears the page, and for who does not hit a dot.

import { element } from "../element.js";
import { openPanel } from "../panel.js";
import { t } from "../words.js";

const HERE = 30; // metres within which no direction is said

function since(date) {
  const [year, month, day] = date.split("-").map(Number);
  return t(year === new Date().getFullYear() ? "talk.date" : "talk.date_with_year", { year, month, day });
}

export const incidentWords = (one) => t("place.incident", { category: one.category, citizens: one.citizens, since: since(one.since) });

function howFar({ metres, direction }) {
  if (metres < HERE) return t("place.right_here");
  const far = metres < 1000 ? t("place.metres", { count: Math.round(metres / 10) * 10 }) : t("place.kilometres", { count: (metres / 1000).toFixed(1) });
  return t("place.away", { direction: t(`place.direction_${direction}`), far });
}

// The button under the map: `near()` gives what is known, `again()` asks anew, `chosen` takes one of the list.
export function othersButton({ near, again, chosen }) {
  const button = element("button", { type: "button", class: "map-others" }, t("place.others"));
  button.addEventListener("click", async () => {
    if (button.hasAttribute("aria-busy")) return;
    if (!near()) {
      button.setAttribute("aria-busy", "true");
      await again();
      button.removeAttribute("aria-busy");
      if (!button.isConnected) return; // the map was closed meanwhile
    }
    list(button, near(), chosen);
  });
  return {
    node: button,
    count() {
      const known = near();
      button.textContent = known ? t("place.others_count", { count: known.length }) : t("place.others");
    },
  };
}

function list(opener, found, chosen) {
  const panel = openPanel({ name: "others", title: t("place.others_title"), opener });
  const rows = (found || []).map((one) =>
    element(
      "li",
      {},
      element(
        "button",
        { type: "button", class: "other-row", onclick: () => panel.close().then(() => chosen(one)) },
        element("b", {}, one.category),
        element("span", {}, t("place.others_by", { citizens: one.citizens, since: since(one.since) })),
        element("span", {}, howFar(one)),
      ),
    ),
  );
  if (rows.length) panel.body.append(element("p", { class: "place-note" }, t("place.others_join")), element("ul", { class: "other-rows", role: "list" }, rows));
  else panel.body.append(element("p", {}, t(found ? "place.others_none" : "place.others_unknown")));
}
