// Times as citizens read them. China has one time zone without summer time, so
// the page shows Beijing time wherever the phone believes it is.

import { t } from "./words.js";

const EIGHT_HOURS = 8 * 3600e3;
const DAY = 24 * 3600e3;

const inBeijing = (milliseconds) => new Date(milliseconds + EIGHT_HOURS);
const dayNumber = (milliseconds) => Math.floor((milliseconds + EIGHT_HOURS) / DAY);

// 今天 18:05 · 昨天 08:30 · 11月21日 18:05 · 2025年11月21日 18:05
export function spokenTime(milliseconds, now = Date.now()) {
  const then = inBeijing(milliseconds);
  const clock = then.toISOString().slice(11, 16);
  const days = dayNumber(now) - dayNumber(milliseconds);
  if (days === 0) return `${t("talk.today")} ${clock}`;
  if (days === 1) return `${t("talk.yesterday")} ${clock}`;
  const parts = { year: then.getUTCFullYear(), month: then.getUTCMonth() + 1, day: then.getUTCDate() };
  const thisYear = parts.year === inBeijing(now).getUTCFullYear();
  return `${t(thisYear ? "talk.date" : "talk.date_with_year", parts)} ${clock}`;
}

// A separator stands before the first line, after five quiet minutes and at midnight.
export function needsSeparator(previous, current) {
  return previous === null || current - previous > 5 * 60e3 || dayNumber(previous) !== dayNumber(current);
}
