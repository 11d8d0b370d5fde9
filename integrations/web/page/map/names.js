// Which names stand on the map: none covers another. Districts come first,
// then streets, then places; a name that has no room is left out, its dot stays.

const ORDER = ["districts", "streets", "places"];
// As map.css draws them: letters and blank beside them in rem, the height of a line, and what Leaflet
// keeps between a dot and its name; then what is left between two names, in pixels.
const LETTERS = 0.76;
const BESIDE = 0.2;
const LINE = 1.4;
const FROM_DOT = 6;
const GAP = 2;

export class Names {
  constructor(map) {
    this.map = map;
    this.entries = new Map(); // layer of the map -> [{layer, name, beside}]
    this.pen = document.createElement("canvas").getContext("2d");
    map.on("zoomend", () => this.arrange());
  }

  // `beside`: to the right of a dot, otherwise in the middle of an area.
  put(group, entries) {
    this.entries.set(group, entries);
    this.arrange();
  }

  drop(group) {
    if (this.entries.delete(group)) this.arrange();
  }

  arrange() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.pen.font = `${LETTERS * rem}px ${getComputedStyle(this.map.getContainer()).fontFamily}`;
    const taken = [];
    for (const group of ORDER) {
      for (const entry of this.entries.get(group) || []) {
        const mine = this.box(entry, rem);
        const fits = !taken.some((one) => mine.left < one.right && one.left < mine.right && mine.top < one.bottom && one.top < mine.bottom);
        if (fits) taken.push(mine);
        show(entry, fits);
      }
    }
  }

  box({ layer, name, beside }, rem) {
    const { x, y } = this.map.project(beside ? layer.getLatLng() : layer.getCenter(), this.map.getZoom());
    const width = this.pen.measureText(name).width + 2 * BESIDE * rem;
    const left = beside ? x + FROM_DOT : x - width / 2;
    const half = (LETTERS * LINE * rem) / 2;
    return { left: left - GAP, right: left + width + GAP, top: y - half - GAP, bottom: y + half + GAP };
  }
}

function show({ layer, name, beside }, wanted) {
  if (!wanted) layer.unbindTooltip();
  else if (!layer.getTooltip()) layer.bindTooltip(text(name), { permanent: true, direction: beside ? "right" : "center", className: "map-name" });
}

// Leaflet takes strings for markup: names are given to it as text.
export function text(words) {
  const node = document.createElement("span");
  node.textContent = words;
  return node;
}
