/** Exact decimal numbers: a safe whole number as it is, everything else as digits and a scale. */

export type Decimal = number | { readonly digits: bigint; readonly scale: number };

const MOST_DIGITS = 200;
const TEXT = /^-?[0-9]{1,200}(\.[0-9]{1,200})?$/;
const WRITTEN = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:e([+-]?[0-9]+))?$/;

/** A number as a caller has it; undefined for what is none. */
export function readDecimal(raw: unknown, whole: boolean): Decimal | undefined {
  if (typeof raw === "number") {
    if (Number.isSafeInteger(raw)) return raw;
    return Number.isFinite(raw) ? fromText(String(raw), whole) : undefined;
  }
  if (typeof raw === "bigint") return fromText(String(raw), whole);
  return typeof raw === "string" && TEXT.test(raw) ? fromText(raw, whole) : undefined;
}

function fromText(text: string, whole: boolean): Decimal | undefined {
  const found = WRITTEN.exec(text);
  if (found === null) return undefined;
  const fraction = found[3] ?? "";
  let scale = fraction.length - Number(found[4] ?? 0);
  let digits = BigInt(found[2] + fraction);
  if (scale < 0) {
    if (-scale > MOST_DIGITS) return undefined;
    digits *= 10n ** BigInt(-scale);
    scale = 0;
  }
  if (scale > MOST_DIGITS || String(digits).length - scale > MOST_DIGITS) return undefined;
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n;
    scale -= 1;
  }
  if (whole && scale > 0) return undefined;
  if (found[1] === "-") digits = -digits;
  const small = Number(digits);
  return scale === 0 && Number.isSafeInteger(small) ? small + 0 : { digits, scale };
}

/** Negative, zero or positive. */
export function compareDecimals(left: Decimal, right: Decimal): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  const one = typeof left === "number" ? { digits: BigInt(left), scale: 0 } : left;
  const other = typeof right === "number" ? { digits: BigInt(right), scale: 0 } : right;
  const difference = one.digits * 10n ** BigInt(other.scale) - other.digits * 10n ** BigInt(one.scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
