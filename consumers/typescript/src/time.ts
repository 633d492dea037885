/** Instants as microseconds since 1970, days as texts, and the calendar of a timezone. */

/** A number where that is exact, which makes it quick; they compare with each other. */
export type Instant = number | bigint;

export interface Duration {
  readonly amount: number;
  readonly unit: "minutes" | "days" | "months";
}

const UNITS: Record<string, readonly [Duration["unit"], number]> = {
  minutes: ["minutes", 1],
  hours: ["minutes", 60],
  days: ["days", 1],
  weeks: ["days", 7],
  months: ["months", 1],
  years: ["months", 12],
};
const DAY_MS = 86_400_000;
const FIRST = BigInt(daysOf(1, 1, 1)) * 86_400_000_000n;
const BEHIND = BigInt(daysOf(10_000, 1, 1)) * 86_400_000_000n;
const MINUTE = 60_000_000;
const DAY = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;

/** Days from 1970 to a day of the Gregorian calendar. */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}

function lastDay(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isDay(year: number, month: number, day: number): boolean {
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= lastDay(year, month);
}

/** A day as it is written, which sorts as days do. */
export function readDay(raw: unknown): string | undefined {
  if (typeof raw !== "string") return undefined;
  const found = DAY.exec(raw);
  return found !== null && isDay(Number(found[1]), Number(found[2]), Number(found[3])) ? raw : undefined;
}

export function readInstant(raw: unknown): Instant | undefined {
  if (raw instanceof Date) {
    const ms = raw.getTime();
    return Number.isNaN(ms) ? undefined : plus(ms, 1000, 0);
  }
  return typeof raw === "string" ? instantOf(raw) : undefined;
}

/** The instant in `2026-01-31T22:05:30.25+01:00`. By hand, as records have many of them and patterns are slow. */
function instantOf(text: string): Instant | undefined {
  const end = text.length - (text.endsWith("Z") ? 1 : 6);
  const whole = end === 16 || (text[16] === ":" && (end === 19 || (text[19] === "." && end > 20 && end <= 26)));
  if (!whole || text[4] !== "-" || text[7] !== "-" || text[10] !== "T" || text[13] !== ":") return undefined;
  const [year, month, day] = [digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10)];
  const [hour, minute, offset] = [digits(text, 11, 13), digits(text, 14, 16), offsetOf(text, end)];
  const second = end > 16 ? digits(text, 17, 19) : 0;
  const microsecond = end > 19 ? digits(text, 20, end) * 10 ** (26 - end) : 0;
  const isTime = hour <= 23 && minute <= 59 && second <= 59 && microsecond >= 0;
  if (!isTime || offset === undefined || !isDay(year, month, day)) return undefined;
  const seconds = daysOf(year, month, day) * 86_400 + hour * 3600 + (minute - offset) * 60 + second;
  return plus(seconds, 1_000_000, microsecond);
}

/** The minutes that a time is ahead of UTC, by the `Z` or `+01:00` at its end. */
function offsetOf(text: string, at: number): number | undefined {
  const sign = text[at];
  if (sign === "Z") return 0;
  const [hours, minutes] = [digits(text, at + 1, at + 3), digits(text, at + 4, at + 6)];
  if ((sign !== "+" && sign !== "-") || text[at + 3] !== ":" || !(hours <= 23 && minutes <= 59)) return undefined;
  return (sign === "-" ? -1 : 1) * (hours * 60 + minutes);
}

/** The number in a part of a text; NaN, which is in no range, where there is anything but digits. */
function digits(text: string, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    number = number * 10 + digit;
  }
  return number;
}

/** So many of a unit, and microseconds; undefined outside of the calendar. */
function plus(amount: number, unit: number, microseconds: Instant): Instant | undefined {
  if (typeof microseconds === "number") {
    const sum = amount * unit + microseconds;
    if (Number.isSafeInteger(sum) && Number.isSafeInteger(amount * unit)) return sum;
  }
  const sum = BigInt(amount) * BigInt(unit) + BigInt(microseconds);
  if (sum < FIRST || sum >= BEHIND) return undefined;
  const small = Number(sum);
  return Number.isSafeInteger(small) ? small : sum;
}

export function readDuration(raw: unknown): Duration | undefined {
  if (typeof raw !== "string") return undefined;
  const words = raw.split(" ");
  if (words.length !== 2 || !/^[0-9]{1,9}$/.test(words[0]!)) return undefined;
  const word = words[1]!;
  const unit = Object.hasOwn(UNITS, word) ? UNITS[word] : Object.hasOwn(UNITS, `${word}s`) ? UNITS[`${word}s`] : undefined;
  return unit === undefined ? undefined : { amount: Number(words[0]) * unit[1], unit: unit[0] };
}

interface Local {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Of the day. */
  readonly ms: number;
}

const WEEKDAYS = ["thursday", "friday", "saturday", "sunday", "monday", "tuesday", "wednesday"] as const;

export class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  /** Throws RangeError for a timezone that there is not. */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat("en-US-u-ca-iso8601-nu-latn", {
      timeZone: name,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** Milliseconds that the local time is ahead of UTC at an instant in milliseconds. */
  #offset(ms: number): number {
    const minute = Math.floor(ms / 60_000);
    let found = this.#offsets.get(minute);
    if (found === undefined) {
      const parts: Record<string, string> = {};
      for (const part of this.#format.formatToParts(minute * 60_000)) parts[part.type] = part.value;
      const year = /^B/.test(parts["era"] ?? "") ? 1 - Number(parts["year"]) : Number(parts["year"]);
      const days = daysOf(year, Number(parts["month"]), Number(parts["day"]));
      const local =
        days * DAY_MS + ((Number(parts["hour"]) * 60 + Number(parts["minute"])) * 60 + Number(parts["second"])) * 1000;
      found = local - minute * 60_000;
      if (this.#offsets.size > 10_000) this.#offsets.clear();
      this.#offsets.set(minute, found);
    }
    return found;
  }

  local(instant: Instant): Local {
    const ms = milliseconds(instant);
    const local = ms + this.#offset(ms);
    const days = Math.floor(local / DAY_MS);
    return { ...civil(days), ms: local - days * DAY_MS };
  }

  day(instant: Instant): string {
    return written(this.local(instant));
  }

  /** As `22:05`. */
  clock(instant: Instant): string {
    const minutes = Math.floor(this.local(instant).ms / 60_000);
    return `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
  }

  weekday(instant: Instant): string {
    const local = this.local(instant);
    const day = daysOf(local.year, local.month, local.day);
    return WEEKDAYS[((day % 7) + 7) % 7]!;
  }

  /** The instant of a local time in milliseconds; of one that comes twice or never, by the first offset or the second. */
  #instant(local: number, second: boolean): number {
    const before = this.#offset(local - DAY_MS);
    const after = this.#offset(local + DAY_MS);
    if (before === after) return local - before;
    const first = local - before;
    const last = local - after;
    const isFirst = this.#offset(first) === before;
    const isLast = this.#offset(last) === after;
    if (isFirst === isLast) return second ? last : first;
    return isFirst ? first : last;
  }

  /** The instant at which an assignment begins or ends: see the definition of hours. */
  moment(day: string, time: string, ends: boolean): Instant {
    const [year, month, date] = day.split("-").map(Number) as [number, number, number];
    const [hour, minute] = time.split(":").map(Number) as [number, number];
    const local = daysOf(year, month, date) * DAY_MS + (hour * 60 + minute) * 60_000;
    let first = this.#instant(local, false);
    let second = this.#instant(local, true);
    if (first <= second) return plus(ends ? second : first, 1000, 0)!;
    const old = this.#offset(second);
    while (first - second > 1) {
      const middle = second + Math.floor((first - second) / 2);
      if (this.#offset(middle) === old) second = middle;
      else first = middle;
    }
    return plus(first, 1000, 0)!;
  }

  /**
   * One length before or after; undefined outside of the calendar. Months lead to the same time of day: of one that comes
   * twice to the second if now is a second one.
   */
  shift(now: Instant, length: Duration, sign: 1 | -1): Instant | undefined {
    const amount = sign * length.amount;
    if (length.unit === "minutes") return plus(amount, MINUTE, now);
    if (length.unit === "days") return plus(amount, 1440 * MINUTE, now);
    const local = this.local(now);
    const day = shiftMonths(local, amount);
    if (day === undefined) return undefined;
    const shown = daysOf(local.year, local.month, local.day) * DAY_MS + local.ms;
    const again = this.#instant(shown, false) !== milliseconds(now);
    const at = this.#instant(daysOf(day.year, day.month, day.day) * DAY_MS + local.ms, again);
    return plus(at, 1000, rest(now));
  }
}

/** Whole milliseconds of an instant. */
function milliseconds(instant: Instant): number {
  if (typeof instant === "number") return Math.floor(instant / 1000);
  return Number(instant >= 0n ? instant / 1000n : (instant - 999n) / 1000n);
}

/** The microseconds beyond them. */
function rest(instant: Instant): number {
  if (typeof instant === "number") return ((instant % 1000) + 1000) % 1000;
  return Number(((instant % 1000n) + 1000n) % 1000n);
}

/** A day one length before or after; undefined for minutes, and outside of the calendar. */
export function shiftDay(day: string, length: Duration, sign: 1 | -1): string | undefined {
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  if (length.unit === "minutes") return undefined;
  const found =
    length.unit === "days"
      ? civil(daysOf(year, month, date) + sign * length.amount)
      : shiftMonths({ year, month, day: date }, sign * length.amount);
  return found !== undefined && found.year >= 1 && found.year <= 9999 ? written(found) : undefined;
}

export function nextDay(day: string): string | undefined {
  return shiftDay(day, { amount: 1, unit: "days" }, 1);
}

interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

function shiftMonths(of: Civil, months: number): Civil | undefined {
  const count = of.year * 12 + of.month - 1 + months;
  const year = Math.floor(count / 12);
  const month = count - year * 12 + 1;
  if (year < 1 || year > 9999) return undefined;
  return { year, month, day: Math.min(of.day, lastDay(year, month)) };
}

function civil(days: number): Civil {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const ofEra = z - era * 146_097;
  const y = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365);
  const ofYear = ofEra - (365 * y + Math.floor(y / 4) - Math.floor(y / 100));
  const m = Math.floor((5 * ofYear + 2) / 153);
  const month = m < 10 ? m + 3 : m - 9;
  return { year: y + era * 400 + (month <= 2 ? 1 : 0), month, day: ofYear - Math.floor((153 * m + 2) / 5) + 1 };
}

function written(day: Civil): string {
  return `${String(day.year).padStart(4, "0")}-${pad(day.month)}-${pad(day.day)}`;
}

function pad(number: number): string {
  return String(number).padStart(2, "0");
}
