// "位置": where the problem is. Three ways that are worth the same: where the
// phone is, on the map, and in words.

import { element } from "../element.js";
import { insideWechat } from "../inside.js";
import { wgs84 } from "../map/crs.js";
import { loadStyle, openPanel } from "../panel.js";
import { say, sendPlace } from "../talk.js";
import { ask } from "../transport.js";
import { loadWords, t } from "../words.js";
import { composed, divisions } from "./divisions.js";

const LOCATE = { enableHighAccuracy: true, timeout: 12e3, maximumAge: 60e3 };
const SEARCH_AFTER = 300;
const LONGEST_LABEL = 100;
const round = (degrees) => Number(degrees.toFixed(6));

export async function open(opener) {
  await Promise.all([loadWords("place"), loadStyle("panels/place.css")]);
  const panel = openPanel({ name: "place", title: t("place.title"), opener });
  const told = element("p", { class: "place-told", role: "status" });
  const tell = (text) => {
    told.textContent = text;
  };
  panel.body.append(ways(panel, tell), told, inWords(panel, tell));
}

// What is known of a point; nothing where it cannot be asked.
export const known = (lat, lon) => ask("GET", `/api/map/where?lat=${round(lat)}&lon=${round(lon)}`).catch(() => null);

// District and street of a point where nothing is near that has a name; "" where they are not sure.
export function areaOf(spot) {
  const name = spot ? [spot.district, spot.street].filter(Boolean).join(" ") : "";
  return name && t("place.about_there", { name });
}

let last = null; // the pin that was sent last, in WGS-84

function send(panel, location, shown) {
  last = wgs84(location);
  sendPlace({ ...location, label: (location.label || "").slice(0, LONGEST_LABEL) }, shown);
  panel.close();
}

// ---- where the phone is -----------------------------------------------------

async function byWechat() {
  if (!insideWechat()) return null;
  const its = await import("../wechat.js").catch(() => null);
  return its && its.place();
}

// Gives a pin; throws a sentence that says what else can be done.
export async function locate() {
  const told = await byWechat();
  if (told) return told;
  if (!navigator.geolocation || !window.isSecureContext) throw new Error(t("place.no_location"));
  return new Promise((found, no) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => found({ lat: round(coords.latitude), lon: round(coords.longitude), crs: "WGS-84" }),
      ({ code }) => no(new Error(t(code === 1 ? "place.not_allowed" : code === 3 ? "place.took_long" : "place.not_found"))),
      LOCATE,
    );
  });
}

function ways(panel, tell) {
  const here = element("button", { type: "button", class: "option main place-way" }, t("place.here"));
  const onMap = element("button", { type: "button", class: "option place-way" }, t("place.on_map"));
  let asking = false;
  here.addEventListener("click", async () => {
    if (asking) return;
    asking = true;
    here.setAttribute("aria-busy", "true");
    tell(t("place.locating"));
    try {
      const pin = await locate();
      const real = wgs84(pin);
      const spot = await known(real.lat, real.lon);
      if (spot && !spot.inside) throw new Error(t("place.you_are_outside"));
      const label = (spot && spot.label) || "";
      send(panel, { ...pin, label }, label || areaOf(spot) || t("place.my_place"));
    } catch (problem) {
      tell(problem.message);
    }
    asking = false;
    here.removeAttribute("aria-busy");
  });
  onMap.addEventListener("click", async () => {
    onMap.setAttribute("aria-busy", "true");
    tell(t("place.map_opening"));
    try {
      const map = await import("../map/picker.js");
      await map.open({ opener: onMap, chosen: (pin, shown) => send(panel, pin, shown), locate, known, before: last });
      tell("");
    } catch (problem) {
      console.warn(problem);
      tell(t("place.no_map"));
    }
    onMap.removeAttribute("aria-busy");
  });
  return element("div", { class: "place-ways" }, here, onMap);
}

// ---- in words -----------------------------------------------------------------

// The field in which a name is looked for: a combobox whose list is by the
// city's gazetteer. `chosen` takes a place of it, `typed` the words as they
// are; `id` tells it from another one that is open under it.
export function finder({ id, label, hint, none = t("place.none_found"), chosen, typed }) {
  const list = element("ul", { id: `${id}-found`, role: "listbox", "aria-label": t("place.found"), hidden: true });
  const input = element("input", {
    id: `${id}-name`,
    type: "text",
    role: "combobox",
    autocomplete: "off",
    maxlength: 100,
    "aria-expanded": "false",
    "aria-controls": `${id}-found`,
    "aria-autocomplete": "list",
    "aria-describedby": `${id}-hint`,
    enterkeyhint: "done",
  });
  const note = element("p", { class: "place-note", id: `${id}-hint` }, hint);
  let found = [];
  let active = -1;
  let timer = 0;
  let asked = 0;

  function show(places) {
    found = places;
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(...places.map(option));
    list.hidden = !places.length;
    input.setAttribute("aria-expanded", String(Boolean(places.length)));
  }

  function option(place, index) {
    const where = [place.district, place.street].filter((one) => one && one !== place.name).join(" ");
    const node = element(
      "li",
      { role: "option", id: `${id}-found-${index}`, "aria-selected": "false" },
      element("b", {}, place.name),
      where ? element("span", {}, where) : null,
    );
    node.addEventListener("click", () => take(index));
    return node;
  }

  function mark(index) {
    active = (index + found.length) % found.length;
    for (const [number, node] of [...list.children].entries()) {
      node.setAttribute("aria-selected", String(number === active));
      if (number === active) node.scrollIntoView({ block: "nearest" });
    }
    input.setAttribute("aria-activedescendant", `${id}-found-${active}`);
  }

  function take(index) {
    const place = found[index];
    clearTimeout(timer); // what was still to be asked for would open the list anew
    asked += 1;
    input.value = place.name;
    show([]);
    chosen(place);
  }

  async function search() {
    const words = input.value.trim();
    asked += 1;
    const mine = asked;
    if (words.length < 2) return show([]);
    const answer = await ask("GET", `/api/map/search?q=${encodeURIComponent(words)}`).catch(() => null);
    if (mine !== asked) return undefined;
    show(answer ? answer.places : []);
    note.textContent = answer && !answer.places.length ? none : hint;
    return undefined;
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, SEARCH_AFTER);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (found.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      mark(active < 0 && event.key === "ArrowUp" ? -1 : active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Escape" && found.length) {
      event.preventDefault();
      event.stopPropagation();
      show([]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (active >= 0) take(active);
      else if (input.value.trim()) typed(input.value.trim());
    }
  });
  const node = element("div", { class: "place-find" }, element("label", { for: input.id }, label), input, list, note);
  return { node, input };
}

function inWords(panel, tell) {
  let picked = null;
  const more = element("p", { class: "place-note" });
  const go = element("button", { type: "button", class: "option main" }, t("place.say_it"));
  const area = divisions();
  const find = finder({
    id: "place",
    label: t("place.by_name"),
    hint: t("place.by_name_hint"),
    chosen(place) {
      picked = place;
      area.fill(place);
      more.textContent = t("place.picked", { name: [place.district, place.street, place.name].filter(Boolean).join("") });
      go.focus();
    },
    typed: () => finish(),
  });
  // What was filled in with a place goes with it.
  find.input.addEventListener("input", () => {
    if (!picked || find.input.value.includes(picked.name)) return;
    picked = null;
    more.textContent = "";
    if (!area.byHand()) area.fill(null);
  });

  function finish() {
    const words = find.input.value.trim();
    if (!words && !area.chosen().district) {
      tell(t("place.empty"));
      find.input.focus();
      return;
    }
    if (picked && picked.name === words && !area.byHand()) {
      const whole = [...new Set([picked.district, picked.street, picked.name])].filter(Boolean).join("");
      if (picked.lat !== null) return send(panel, { lat: picked.lat, lon: picked.lon, crs: "WGS-84", label: whole }, whole);
      say(whole);
    } else say(composed(area.chosen(), words));
    panel.close();
  }

  go.addEventListener("click", finish);
  return element("section", { class: "place-words" }, find.node, more, area.node, go);
}
