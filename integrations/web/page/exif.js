// What a camera noted in a JPEG: where it stood and when, nothing else. It is
// read before a picture is made smaller, and put into the smaller one; the
// server reads it there and takes it out.

const IFD0 = { orientation: 0x0112, exposure: 0x8769, position: 0x8825 };
const TIMES = [0x9003, 0x9011]; // when, and in which zone
const POSITION = [1, 2, 3, 4, 7, 29];
const SIZES = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8 }; // bytes of one value, by type
const LONGEST = 64;
const HEADER = 10; // marker, length, "Exif\0\0"

// The tables of notes in a TIFF that begins at `base`.
function reader(view, base) {
  const little = view.getUint16(base) === 0x4949;
  const short = (at) => view.getUint16(base + at, little);
  const long = (at) => view.getUint32(base + at, little);
  function table(at) {
    const found = new Map();
    for (let n = 0; n < Math.min(short(at), 200); n += 1) {
      const entry = at + 2 + n * 12;
      const [tag, type, count] = [short(entry), short(entry + 2), long(entry + 4)];
      const size = (SIZES[type] || 0) * count;
      if (!size || size > LONGEST) continue;
      const where = size > 4 ? long(entry + 8) : entry + 8;
      found.set(tag, { tag, type, count, bytes: new Uint8Array(view.buffer, base + where, size), short: () => short(where), long: () => long(where) });
    }
    return found;
  }
  return { little, first: long(4), table };
}

const only = (table, tags) => tags.map((tag) => table.get(tag)).filter(Boolean);

// Writes a table at `at`, its longer values after it; gives where it ends.
function write(view, base, at, little, entries) {
  let rest = at + 2 + entries.length * 12 + 4;
  view.setUint16(base + at, entries.length, little);
  entries.forEach(({ tag, type, count, bytes, value }, n) => {
    const entry = base + at + 2 + n * 12;
    view.setUint16(entry, tag, little);
    view.setUint16(entry + 2, type, little);
    view.setUint32(entry + 4, count, little);
    if (value !== undefined) view.setUint32(entry + 8, value, little);
    else if (bytes.length <= 4) new Uint8Array(view.buffer, entry + 8, bytes.length).set(bytes);
    else {
      view.setUint32(entry + 8, rest, little);
      new Uint8Array(view.buffer, base + rest, bytes.length).set(bytes);
      rest += bytes.length + (bytes.length % 2);
    }
  });
  return rest;
}

function segment({ little, turned, times, position }) {
  const view = new DataView(new ArrayBuffer(2048));
  const base = HEADER;
  view.setUint16(base, little ? 0x4949 : 0x4d4d);
  view.setUint16(base + 2, 42, little);
  view.setUint32(base + 4, 8, little);
  const first = [];
  if (turned) first.push(turned);
  const length = 2 + (first.length + (times.length ? 1 : 0) + (position.length ? 1 : 0)) * 12 + 4;
  let end = 8 + length;
  for (const [tag, entries] of [[IFD0.exposure, times], [IFD0.position, position]]) {
    if (!entries.length) continue;
    first.push({ tag, type: 4, count: 1, value: end });
    end = write(view, base, end, little, entries);
  }
  write(view, base, 8, little, first);
  view.setUint32(0, 0xffe10000 + base + end - 2);
  view.setUint32(4, 0x45786966);
  return view.buffer.slice(0, base + end);
}

// The place of the notes in a JPEG; 0 where it has none.
function notesIn(view) {
  let at = 2;
  while (at + HEADER < view.byteLength && view.getUint8(at) === 0xff) {
    const [marker, length] = [view.getUint8(at + 1), view.getUint16(at + 2)];
    if (marker === 0xe1 && view.getUint32(at + 4) === 0x45786966) return at + HEADER;
    if (marker === 0xda || length < 2) return 0;
    at += 2 + length;
  }
  return 0;
}

// The notes to keep, as a segment of a JPEG; null where there are none, or
// broken ones. `upright`: the picture is turned already.
export function notes(buffer, upright) {
  try {
    const view = new DataView(buffer);
    const base = view.getUint16(0) === 0xffd8 ? notesIn(view) : 0;
    if (!base) return null;
    const { little, first, table } = reader(view, base);
    const main = table(first);
    const below = (tag) => (main.has(tag) ? table(main.get(tag).long()) : new Map());
    const kept = {
      little,
      turned: upright ? null : main.get(IFD0.orientation),
      times: only(below(IFD0.exposure), TIMES),
      position: only(below(IFD0.position), POSITION),
    };
    return kept.turned || kept.times.length || kept.position.length ? segment(kept) : null;
  } catch {
    return null;
  }
}

// The JPEG with these notes in it.
export const withNotes = (jpeg, kept) =>
  kept ? new Blob([jpeg.slice(0, 2), kept, jpeg.slice(2)], { type: "image/jpeg" }) : jpeg;
