// What is drawn on the map: the city's own districts, streets and places, and
// dots for open problems that others have told of.

import { ask } from "../transport.js";
import { t } from "../words.js";

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
function box(bounds, real) {
  const [south, west] = real([bounds.getSouth(), bounds.getWest()]);
  const [north, east] = real([bounds.getNorth(), bounds.getEast()]);
  return [west, south, east, north].map((one) => one.toFixed(5)).join(",");
}

export class Layers {
  // `tell` says what a dot is that was tapped.
  constructor(L, map, about, tell) {
    this.L = L;
    this.map = map;
    this.about = about;
    this.tell = tell;
    this.shown = new Map(); // name -> what is drawn of it
    this.asked = 0;
    this.taken = []; // where names of places stand, in pixels
  }

  // Ask for what is in sight now; what was asked for before and comes later counts for nothing.
  async refresh() {
    this.asked += 1;
    const mine = this.asked;
    const zoom = Math.round(this.map.getZoom());
    const sight = box(this.map.getBounds(), this.about.real);
    const wanted = this.about.layers.filter((layer) => zoom >= layer.min_zoom);
    for (const [name] of this.shown) if (name !== "incidents" && !wanted.some((one) => one.name === name)) this.drop(name);
    await Promise.all([
      ...wanted.map(async ({ name }) => {
        const drawn = await ask("GET", `/api/map/layers/${name}?bbox=${sight}&zoom=${zoom}`).catch(() => null);
        if (drawn && mine === this.asked) this.draw(name, drawn);
      }),
      this.incidents(sight, mine),
    ]);
  }

  drop(name) {
    const layer = this.shown.get(name);
    if (layer) layer.remove();
    this.shown.delete(name);
  }

  put(name, layer) {
    this.drop(name);
    this.shown.set(name, layer.addTo(this.map));
  }

  draw(name, features) {
    if (name === "places") this.taken = [];
    const ink = css("--ink");
    const line = { color: name === "districts" ? ink : css("--soft"), weight: name === "districts" ? 2 : 1, fill: false, interactive: false };
    this.put(
      name,
      this.L.geoJSON(features, {
        style: line,
        coordsToLatLng: ([lon, lat]) => this.L.latLng(this.about.shown([lat, lon])),
        interactive: false,
        pointToLayer: (feature, at) => this.label(feature, at),
        onEachFeature: (feature, layer) => {
          if (feature.geometry.type !== "Point" && feature.properties.name) {
            layer.bindTooltip(text(feature.properties.name), { permanent: true, direction: "center", className: "map-name" });
          }
        },
      }),
    );
  }

  label(feature, at) {
    const dot = this.L.circleMarker(at, { radius: 3, color: css("--soft"), weight: 1, fillOpacity: 1, interactive: false });
    if (!this.hasRoom(at, feature.properties.name)) return dot;
    return dot.bindTooltip(text(feature.properties.name), { permanent: true, direction: "right", className: "map-name" });
  }

  // Whether a name fits beside its dot without covering one that stands there already.
  hasRoom(at, name) {
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.8;
    const { x, y } = this.map.latLngToContainerPoint(at);
    const mine = { left: x, right: x + 12 + size * name.length, top: y - size, bottom: y + size };
    const covers = (one) => mine.left < one.right && one.left < mine.right && mine.top < one.bottom && one.top < mine.bottom;
    if (this.taken.some(covers)) return false;
    this.taken.push(mine);
    return true;
  }

  async incidents(sight, mine) {
    const found = await ask("GET", `/api/map/incidents?bbox=${sight}`).catch(() => null);
    if (!found || mine !== this.asked) return;
    const red = css("--red");
    const dots = found.incidents.map((one) => {
      const dot = this.L.circleMarker(this.about.shown([one.lat, one.lon]), { radius: 9, color: red, weight: 2, fillColor: red, fillOpacity: 0.35 });
      const words = t("place.incident", { category: one.category, citizens: one.citizens, since: one.since });
      return dot.bindTooltip(text(words), { className: "map-name" }).on("click", () => this.tell(words));
    });
    this.put("incidents", this.L.layerGroup(dots));
  }
}

// Leaflet takes strings for markup: names are given to it as text.
function text(words) {
  const node = document.createElement("span");
  node.textContent = words;
  return node;
}
