// The map: it moves under a pin that stands still, so that no finger hides the
// place. Leaflet is fetched with it, the city's own layers as it is moved.

import { element, icon } from "../element.js";
import { loadStyle, openPanel } from "../panel.js";
import { ask } from "../transport.js";
import { t } from "../words.js";
import { areaOf, finder } from "../panels/place.js";
import { datum, wgs84 } from "./crs.js";
import { Layers } from "./layers.js";
import { loadLeaflet } from "./leaflet.js";
import { incidentWords, othersButton } from "./others.js";
import { addTiles } from "./tiles.js";

const LOOK_AFTER = 350;
const DRAW_AFTER = 200;
const CLOSE = 17; // the zoom at which a house is told from the next

// `before`: the pin that was sent last, at which the map opens.
export async function open({ opener, chosen, locate, known, before }) {
  const [about, L] = await Promise.all([ask("GET", "/api/map"), loadLeaflet(), loadStyle("map/map.css")]);
  const { shown, real } = datum(about.tiles ? about.crs : "WGS-84");
  const panel = openPanel({ name: "map", title: t("place.map_title"), opener });
  const ground = element("div", { class: "map-ground", role: "application", "aria-label": t("place.map_label"), tabindex: "0" });
  const pin = element("div", { class: "map-pin", "aria-hidden": "true" }, icon("pin"));
  const spot = element("p", { class: "map-spot", role: "status" });
  const told = element("p", { class: "map-told", role: "status" });
  const use = element("button", { type: "button", class: "option main" }, t("place.use"));
  const search = finder({
    id: "map",
    label: t("place.search"),
    hint: "",
    none: t("place.none_on_map"),
    chosen(place) {
      if (place.lat === null) spot.textContent = t("place.no_point", { name: place.name });
      else map.setView(shown([place.lat, place.lon]), CLOSE);
    },
    typed() {},
  });
  panel.body.append(search.node, element("div", { class: "map-frame" }, ground, pin, tools((at) => map.setView(shown(at), CLOSE), () => map, locate, spot)));
  const tell = (one) => {
    told.textContent = t("place.tapped", { what: incidentWords(one) });
  };
  const others = othersButton({
    near: () => layers.near(),
    again: () => layers.refresh(),
    chosen(one) {
      map.once("moveend", () => tell(one));
      map.setView(shown([one.lat, one.lon]), Math.max(map.getZoom(), CLOSE));
    },
  });
  panel.body.append(others.node);
  panel.foot.append(told, spot, use);

  const [west, south, east, north] = about.bounds;
  const map = L.map(ground, {
    preferCanvas: true,
    zoomControl: false,
    attributionControl: false,
    minZoom: 9,
    maxZoom: 19,
    maxBounds: [[south - 0.3, west - 0.3], [north + 0.3, east + 0.3]],
    zoomAnimation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
  });
  map.setView(shown(before ? [before.lat, before.lon] : about.centre), before ? CLOSE : 12);
  addTiles(map, about);
  ground.after(credits(about));
  const layers = new Layers(L, map, { ...about, shown, real }, { tell, counted: others.count });

  use.disabled = true;
  let here = null; // what is known of the point under the pin
  let looking = 0;
  let drawing = 0;
  let asked = 0;
  let settling = false;

  async function look() {
    asked += 1;
    const mine = asked;
    const { lat: drawnLat, lng: drawnLon } = map.getCenter();
    const [lat, lon] = real([drawnLat, drawnLon]);
    const found = await known(lat, lon);
    if (mine !== asked) return;
    here = { lat, lon, spot: found };
    spot.textContent = found && !found.inside ? t("place.outside") : spokenSpot(found);
    use.disabled = Boolean(found) && !found.inside;
  }

  // What is still asked of a former point counts for nothing: it must not be sent for this one.
  map.on("movestart", () => {
    clearTimeout(looking);
    clearTimeout(drawing);
    asked += 1;
    here = null;
    told.textContent = "";
    use.disabled = true;
  });
  map.on("moveend", () => {
    if (settling) return;
    clearTimeout(looking);
    clearTimeout(drawing);
    looking = setTimeout(look, LOOK_AFTER);
    drawing = setTimeout(() => layers.refresh(), DRAW_AFTER);
    others.count();
  });
  layers.refresh();
  look();

  // The words below grow and shrink, and the map with them: the point under the pin stays.
  function settle() {
    settling = true;
    map.invalidateSize({ animate: false });
    settling = false;
  }
  const resized = window.ResizeObserver ? new ResizeObserver(settle) : null;
  if (resized) resized.observe(ground);

  use.addEventListener("click", () => {
    if (!here) return;
    const { lat, lon, spot: found } = here;
    const label = (found && found.label) || "";
    panel.close().then(() =>
      chosen({ lat: Number(lat.toFixed(6)), lon: Number(lon.toFixed(6)), crs: "WGS-84", label }, label || areaOf(found) || t("place.picked_on_map")),
    );
  });
  panel.closed.then(() => {
    clearTimeout(looking);
    clearTimeout(drawing);
    if (resized) resized.disconnect();
    layers.stop();
    map.remove();
  });
  requestAnimationFrame(settle);
}

const spokenSpot = (found) => (found && found.label) || areaOf(found) || t("place.unnamed");

function tools(goTo, map, locate, spot) {
  const button = (name, sign, work) =>
    element("button", { type: "button", class: "map-tool", "aria-label": t(`place.${name}`), onclick: work }, sign);
  const me = button("locate_me", icon("pin"), async () => {
    me.setAttribute("aria-busy", "true");
    try {
      const at = wgs84(await locate());
      goTo([at.lat, at.lon]);
    } catch (problem) {
      spot.textContent = problem.message;
    }
    me.removeAttribute("aria-busy");
  });
  return element(
    "div",
    { class: "map-tools" },
    button("closer", "＋", () => map().zoomIn()),
    button("further", "－", () => map().zoomOut()),
    me,
  );
}

function credits({ attribution, approval }) {
  const words = [attribution, approval].filter(Boolean).join(" · ");
  return words ? element("p", { class: "map-credits" }, words) : "";
}
