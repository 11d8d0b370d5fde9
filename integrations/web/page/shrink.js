// Pictures are made smaller on the phone: a tenth of the bytes over a bad
// line. One after the other, so that a cheap phone's memory holds them.

import { notes, withNotes } from "./exif.js";

const LONGEST_SIDE = 1600; // as the server keeps them
const QUALITY = 0.82;
const LARGEST = 10 * 1024 * 1024;
const HEAD = 256 * 1024; // notes stand at the beginning

// Why a picture cannot be sent: a key of the words.
export class Unusable extends Error {}

// Browsers of before 2020 do not turn a picture as its camera was held; the server does.
const turns = () => Boolean(window.CSS && CSS.supports && CSS.supports("image-orientation", "from-image"));

const bytes = (blob) => new Promise((yes, no) => {
  const reader = new FileReader();
  reader.onload = () => yes(reader.result);
  reader.onerror = () => no(new Unusable("photos.unreadable"));
  reader.readAsArrayBuffer(blob);
});

function decoded(file) {
  const url = URL.createObjectURL(file);
  const image = new Image();
  return new Promise((yes, no) => {
    image.onload = () => yes(image);
    image.onerror = no;
    image.src = url;
  }).finally(() => setTimeout(() => URL.revokeObjectURL(url), 0));
}

async function drawn(file) {
  const image = await decoded(file);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const paper = canvas.getContext("2d");
  paper.fillStyle = "#fff";
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.imageSmoothingQuality = "high";
  paper.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.src = "";
  const jpeg = await new Promise((yes) => canvas.toBlob(yes, "image/jpeg", QUALITY));
  canvas.width = 0; // gives the memory back at once
  if (!jpeg) throw new Error("no room for the picture");
  return jpeg;
}

// Of what the server can read by itself: JPEG, PNG, WebP.
function readable(head) {
  const view = new DataView(head);
  if (view.byteLength < 12) return false;
  const begins = view.getUint32(0);
  return begins >>> 8 === 0xffd8ff || begins === 0x89504e47 || (begins === 0x52494646 && view.getUint32(8) === 0x57454250);
}

// A small JPEG of the picture; the picture itself where the browser cannot
// make one and the server can. Throws Unusable.
export async function shrunk(file) {
  if (!file.size) throw new Unusable("photos.empty");
  const head = await bytes(file.slice(0, HEAD));
  try {
    const jpeg = withNotes(await drawn(file), notes(head, turns()));
    return readable(head) && file.size <= jpeg.size ? file : jpeg;
  } catch (problem) {
    if (!readable(head)) throw new Unusable("photos.unreadable");
    if (file.size > LARGEST) throw new Unusable("photos.large");
    return file;
  }
}
