// Pictures on their way to the server, in pieces: where the line broke, the
// page was closed or a server died, the next try goes on from there.

import { forget, keep, kept, tidy } from "./keep.js";
import { exchange, Failure, withSession } from "./transport.js";
import { loadWords, t } from "./words.js";

const UPLOADS = "/api/chat/uploads";
const [SMALLEST, LARGEST] = [16 * 1024, 256 * 1024];
const [QUICK, SLOW] = [1500, 6000]; // milliseconds of one piece
const OURS = { "X-Jiesu": "page" };

let piece = 4 * SMALLEST; // bytes; as much as this line carries in a few seconds

const offset = (response) => Number(response.headers.get("Upload-Offset"));

function anew(record) {
  record.upload = "";
  record.whole = false;
  return keep(record);
}

// How much of it the server has; begins it where the server knows nothing of it.
async function begun(record) {
  if (record.upload) {
    try {
      return offset(await withSession(() => exchange("HEAD", `${UPLOADS}/${record.upload}`)));
    } catch (failure) {
      if (failure.status !== 404) throw failure;
    }
  }
  const headers = { ...OURS, "Upload-Length": String(record.blob.size) };
  const answer = await withSession(() => exchange("POST", UPLOADS, { headers }));
  record.upload = answer.headers.get("Location").split("/").pop();
  await keep(record);
  return 0;
}

async function sendPiece(record, at) {
  const headers = { ...OURS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(at) };
  const began = performance.now();
  try {
    const body = record.blob.slice(at, at + piece);
    const answer = await exchange("PATCH", `${UPLOADS}/${record.upload}`, { headers, body });
    const took = performance.now() - began;
    if (took < QUICK) piece = Math.min(LARGEST, piece * 2);
    else if (took > SLOW) piece = Math.max(SMALLEST, piece / 2);
    return offset(answer);
  } catch (failure) {
    if (failure.status === 409) return failure.offset; // another tab was quicker
    if (failure.status === 0) piece = Math.max(SMALLEST, piece / 2);
    if (failure.status !== 404) throw failure;
    await anew(record);
    throw new Failure(failure.message, { status: 503 });
  }
}

async function upload(record, wanted, moved) {
  if (record.whole) return;
  let at = await begun(record);
  moved(at / record.blob.size);
  while (at < record.blob.size) {
    if (!wanted()) throw new Failure("");
    at = await sendPiece(record, at);
    moved(at / record.blob.size);
  }
  record.whole = true;
  await keep(record);
}

// Brings the pictures that are kept under these ids to the server, then does
// `work(uploads)` with their ids there, and forgets them when it is done.
// `wanted()`: whether they are still to be sent; `moved(index, share)` hears
// how far each picture is.
export async function withUploads(ids, work, { wanted = () => true, moved = () => {} } = {}) {
  await loadWords("photos");
  const records = await Promise.all(ids.map(kept));
  if (!records.every(Boolean)) throw new Failure(t("photos.lost"), { status: 410 });
  for (const [index, record] of records.entries()) await upload(record, wanted, (share) => moved(index, share));
  try {
    const answer = await work(records.map((record) => record.upload));
    forget(ids);
    return answer;
  } catch (failure) {
    if (failure.status !== 410 && failure.status !== 409) throw failure;
    await Promise.all(records.map(anew));
    throw new Failure(failure.message, { status: 503 });
  }
}

// Sends a message with pictures.
export function sendWithPhotos({ id, body }, ways) {
  const send = (uploads) => {
    const form = new FormData();
    form.append("id", id);
    if (body.text) form.append("text", body.text);
    for (const one of uploads) form.append("upload", one);
    return withSession(() => exchange("POST", "/api/chat/media", { headers: OURS, body: form, read: (response) => response.json() }));
  };
  return withUploads(body.photos, send, ways);
}

// The pictures of a message that is on its way, as addresses for <img>.
export async function addresses(ids) {
  const records = await Promise.all(ids.map(kept));
  return records.map((record) => record && URL.createObjectURL(record.blob));
}

tidy();
