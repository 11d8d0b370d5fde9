// Public service numbers in running text become tel: links.

import { element } from "./element.js";

const KNOWN = /^(110|119|120|122|12\d{3})$/;
// "120 米", "110 号楼", "12000 元" are not telephones.
const COUNTED = /^\s?(平方|公里|小时|分钟|单元|[元米号户天年月日层栋幢座室弄路厘吨件个条次度万%％㎡年]|人(?!工))/;

function isPhone(text, from, to) {
  if (!KNOWN.test(text.slice(from, to))) return false;
  const before = text.slice(Math.max(0, from - 1), from);
  const after = text.slice(to);
  if (/[-.A-Za-z第]/.test(before)) return false;
  return !/^[-.]\d|^[A-Za-z]/.test(after) && !COUNTED.test(after);
}

function eachPhone(text, visit) {
  const digits = /\d+/g; // matchAll is younger than some phones
  for (let found = digits.exec(text); found; found = digits.exec(text)) {
    const end = found.index + found[0].length;
    if (isPhone(text, found.index, end)) visit(found[0], found.index, end);
  }
}

export function phonesIn(text) {
  const numbers = new Set();
  eachPhone(text, (number) => numbers.add(number));
  return [...numbers];
}

export const phoneLink = (number, words = number) =>
  element("a", { class: "phone", href: `tel:${number}` }, words);

// The text as a list of strings and links, for Node.append.
export function withPhones(text) {
  const parts = [];
  let done = 0;
  eachPhone(text, (number, from, to) => {
    parts.push(text.slice(done, from), phoneLink(number));
    done = to;
  });
  parts.push(text.slice(done));
  return parts.filter(Boolean);
}
