// Boxes of WGS-84 degrees, [west, south, east, north], and how far apart points are.

const METRES_A_DEGREE = 111320;

export function sight(map, real) {
  const bounds = map.getBounds();
  const [south, west] = real([bounds.getSouth(), bounds.getWest()]);
  const [north, east] = real([bounds.getNorth(), bounds.getEast()]);
  return [west, south, east, north];
}

export const around = ([lat, lon], degrees) => [lon - degrees, lat - degrees, lon + degrees, lat + degrees];

export const both = (one, other) => [...one.slice(0, 2).map((side, at) => Math.min(side, other[at])), ...one.slice(2).map((side, at) => Math.max(side, other[at + 2]))];

export const shared = (one, other) => [...one.slice(0, 2).map((side, at) => Math.max(side, other[at])), ...one.slice(2).map((side, at) => Math.min(side, other[at + 2]))];

// With so much of its width and height more on every side.
export function wider([west, south, east, north], share) {
  const [x, y] = [(east - west) * share, (north - south) * share];
  return [west - x, south - y, east + x, north + y];
}

export const covers = (outer, inner) => outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];

// As the API takes it, within the world.
export const written = ([west, south, east, north]) =>
  [Math.max(west, -180), Math.max(south, -90), Math.min(east, 180), Math.min(north, 90)].map((one) => one.toFixed(5)).join(",");

// From one point to another over a few kilometres: metres, and which of the
// eight directions, 0 for north and on by the clock.
export function apart([lat, lon], [otherLat, otherLon]) {
  const north = (otherLat - lat) * METRES_A_DEGREE;
  const east = (otherLon - lon) * METRES_A_DEGREE * Math.cos((lat * Math.PI) / 180);
  const eighths = Math.round(Math.atan2(east, north) / (Math.PI / 4));
  return { metres: Math.sqrt(north * north + east * east), direction: (eighths + 8) % 8 };
}
