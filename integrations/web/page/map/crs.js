// Where a WGS-84 point stands on the map, and back. Chinese tiles are often in
// GCJ-02, which is shifted by some hundred metres; the formula is that of
// kb/places/coordinates.py, and a test holds the two together.

const A = 6378245;
const EE = 0.006693421622965943;
const { PI, sin, cos, sqrt, abs } = Math;

function shifted([lat, lon]) {
  const x = lon - 105;
  const y = lat - 35;
  const wave = ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3;
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + wave;
  north += ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3;
  north += ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + wave;
  east += ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3;
  east += ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
  const radians = (lat * PI) / 180;
  const magic = 1 - EE * sin(radians) ** 2;
  const root = sqrt(magic);
  return [
    lat + (north * 180) / (((A * (1 - EE)) / (magic * root)) * PI),
    lon + (east * 180) / ((A / root) * cos(radians) * PI),
  ];
}

function unshifted(point) {
  let [lat, lon] = point;
  for (let turn = 0; turn < 30; turn += 1) {
    const [north, east] = shifted([lat, lon]);
    lat -= north - point[0];
    lon -= east - point[1];
    if (Math.max(abs(north - point[0]), abs(east - point[1])) < 1e-9) break;
  }
  return [lat, lon];
}

// A pin of any system as WGS-84.
export function wgs84({ lat, lon, crs }) {
  if (crs !== "GCJ-02") return { lat, lon, crs: "WGS-84" };
  const [realLat, realLon] = unshifted([lat, lon]);
  return { lat: realLat, lon: realLon, crs: "WGS-84" };
}

const same = (point) => point;

// `shown([lat, lon])` is where a WGS-84 point is drawn, `real` the way back.
export const datum = (crs) => (crs === "GCJ-02" ? { shown: shifted, real: unshifted } : { shown: same, real: same });
