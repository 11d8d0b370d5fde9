// What is drawn on the map: the city's own districts, streets and places, and
// dots for open problems that others have told of.

import { ask } from "../transport.js";
import { around, apart, both, covers, shared, sight, wider, written } from "./boxes.js";
import { Names, text } from "./names.js";
import { incidentWords } from "./others.js";

const MARGIN = 1 / 3; // of the sight, asked for on every side: small moves ask for nothing
// Problems are asked for around the pin as well, some kilometre, and never so far that the answer would be none.
const NEAR = 1000;
const NEAR_DEGREES = 0.01;
const FAR_DEGREES = 0.07;
const INCIDENTS = "incidents";

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Layers {
  // `tell` hears of the dot that was tapped, `counted` when the problems of others are known.
  constructor(L, map, about, { tell, counted }) {
    this.L = L;
    this.map = map;
    this.about = about;
    this.tell = tell;
    this.counted = counted;
    this.names = new Names(map);
    this.shown = new Map(); // name -> what is drawn of it
    this.asked = new Map(); // name -> {box, zoom, abort, done}: what is drawn or on its way
    this.incidents = null; // null: not known
  }

  pin() {
    const { lat, lng } = this.map.getCenter();
    return this.about.real([lat, lng]);
  }

  // Ask for what is in sight and not there yet; what is on its way for another sight counts for nothing.
  async refresh() {
    const zoom = Math.round(this.map.getZoom());
    const seen = sight(this.map, this.about.real);
    const wanted = this.about.layers.filter((layer) => zoom >= layer.min_zoom);
    for (const name of [...this.asked.keys()]) if (name !== INCIDENTS && !wanted.some((one) => one.name === name)) this.drop(name);
    const near = shared(both(seen, around(this.pin(), NEAR_DEGREES)), around(this.pin(), FAR_DEGREES));
    await Promise.all([
      ...wanted.map(({ name }) => this.fetch(name, seen, zoom, (box) => `layers/${name}?bbox=${box}&zoom=${zoom}`, (drawn) => this.draw(name, drawn))),
      this.fetch(INCIDENTS, near, null, (box) => `incidents?bbox=${box}`, (found) => this.dots(found)),
    ]);
  }

  // The map is gone: nothing that is on its way is drawn.
  stop() {
    for (const { abort } of this.asked.values()) abort.abort();
    this.asked.clear();
  }

  fetch(name, needed, zoom, path, take) {
    const before = this.asked.get(name);
    if (before && before.zoom === zoom && covers(before.box, needed)) return before.done;
    if (before) before.abort.abort();
    const mine = { box: wider(needed, MARGIN), zoom, abort: new AbortController() };
    this.asked.set(name, mine);
    mine.done = this.answer(name, mine, path, take);
    return mine.done;
  }

  async answer(name, mine, path, take) {
    try {
      const answer = await ask("GET", `/api/map/${path(written(mine.box))}`, undefined, mine.abort.signal);
      if (this.asked.get(name) === mine) take(answer);
    } catch {
      if (this.asked.get(name) === mine) this.asked.delete(name); // the next move asks again
    }
  }

  drop(name) {
    const asked = this.asked.get(name);
    if (asked) asked.abort.abort();
    this.asked.delete(name);
    this.names.drop(name);
    const layer = this.shown.get(name);
    if (layer) layer.remove();
    this.shown.delete(name);
  }

  put(name, layer) {
    const former = this.shown.get(name);
    if (former) former.remove();
    this.shown.set(name, layer.addTo(this.map));
  }

  draw(name, features) {
    const [ink, soft] = [css("--ink"), css("--soft")];
    const entries = [];
    const drawn = this.L.geoJSON(features, {
      style: { color: name === "districts" ? ink : soft, weight: name === "districts" ? 2 : 1, fill: false, interactive: false },
      coordsToLatLng: ([lon, lat]) => this.L.latLng(this.about.shown([lat, lon])),
      interactive: false,
      pointToLayer: (feature, at) => this.L.circleMarker(at, { radius: 3, color: soft, weight: 1, fillOpacity: 1, interactive: false }),
      onEachFeature: ({ properties, geometry }, layer) => {
        if (properties.name) entries.push({ layer, name: properties.name, beside: geometry.type === "Point" });
      },
    });
    this.put(name, drawn);
    this.names.put(name, entries);
  }

  // ---- what others have told of ----------------------------------------------

  dots({ incidents }) {
    this.incidents = incidents;
    const red = css("--red");
    const dots = incidents.map((one) => {
      const dot = this.L.circleMarker(this.about.shown([one.lat, one.lon]), { radius: 9, color: red, weight: 2, fillColor: red, fillOpacity: 0.35 });
      return dot.bindTooltip(text(incidentWords(one)), { className: "map-name" }).on("click", () => this.tell(one));
    });
    this.put(INCIDENTS, this.L.layerGroup(dots));
    this.counted();
  }

  // Those in sight or not far from the pin, the nearest first; null where it is not known.
  near() {
    if (!this.incidents) return null;
    const [west, south, east, north] = sight(this.map, this.about.real);
    const pin = this.pin();
    return this.incidents
      .map((one) => ({ ...one, ...apart(pin, [one.lat, one.lon]) }))
      .filter((one) => one.metres <= NEAR || (one.lat >= south && one.lat <= north && one.lon >= west && one.lon <= east))
      .sort((one, other) => one.metres - other.metres);
  }
}
