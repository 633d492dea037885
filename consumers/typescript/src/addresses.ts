/** IP addresses and networks. An IPv4-mapped IPv6 address is the IPv4 address. */

export interface Address {
  readonly version: 4 | 6;
  readonly number: bigint;
  /** What tells equal addresses: also the zone of one. */
  readonly key: string;
}

export interface Network {
  readonly version: 4 | 6;
  readonly first: bigint;
  readonly free: bigint;
}

const OCTET = /^(0|[1-9][0-9]{0,2})$/;
const HEXTET = /^[0-9a-fA-F]{1,4}$/;
const MAPPED = 0xffffn << 32n;

export function readAddress(raw: unknown): Address | undefined {
  if (typeof raw !== "string" || raw.includes("/")) return undefined;
  if (!raw.includes(":")) {
    const number = ipv4(raw);
    return number === undefined ? undefined : made(4, number, "");
  }
  const [text, zone, ...more] = raw.split("%") as [string, string?, ...string[]];
  if (more.length || zone === "") return undefined;
  const number = ipv6(text);
  if (number === undefined) return undefined;
  if (number >> 32n === 0xffffn) return made(4, number & 0xffffffffn, "");
  return made(6, number, zone ?? "");
}

function made(version: 4 | 6, number: bigint, zone: string): Address {
  return { version, number, key: `${version}:${number}%${zone}` };
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let number = 0n;
  for (const part of parts) {
    if (!OCTET.test(part) || Number(part) > 255) return undefined;
    number = (number << 8n) | BigInt(part);
  }
  return number;
}

function ipv6(text: string): bigint | undefined {
  let parts = text.split(":");
  if (parts.length < 3) return undefined;
  const last = parts[parts.length - 1]!;
  if (last.includes(".")) {
    const number = ipv4(last);
    if (number === undefined) return undefined;
    parts = [...parts.slice(0, -1), (number >> 16n).toString(16), (number & 0xffffn).toString(16)];
  }
  if (parts.length > 9) return undefined;
  const gaps = parts.flatMap((part, n) => (part === "" && n > 0 && n < parts.length - 1 ? [n] : []));
  if (gaps.length > 1) return undefined;
  let high = parts;
  let low: string[] = [];
  if (gaps.length === 1) {
    high = parts.slice(0, gaps[0]);
    low = parts.slice(gaps[0]! + 1);
    if (high[0] === "") {
      high = high.slice(1);
      if (high.length) return undefined;
    }
    if (low[low.length - 1] === "") {
      low = low.slice(0, -1);
      if (low.length) return undefined;
    }
    if (high.length + low.length > 7) return undefined;
  } else if (parts.length !== 8) return undefined;
  const filled = [...high, ...Array<string>(8 - high.length - low.length).fill("0"), ...low];
  if (!filled.every((part) => HEXTET.test(part))) return undefined;
  return filled.reduce((number, part) => (number << 16n) | BigInt(`0x${part}`), 0n);
}

/** A network of a compiled document. */
export function readNetwork(text: string): Network | undefined {
  const [address, prefix] = text.split("/") as [string, string?];
  const bits = address.includes(":") ? 128 : 32;
  const first = bits === 32 ? ipv4(address) : ipv6(address);
  const length = prefix === undefined ? bits : Number(prefix);
  if (first === undefined || !(length >= 0 && length <= bits)) return undefined;
  if (bits === 128 && length >= 96 && first >> 32n === MAPPED >> 32n) {
    return { version: 4, first: (first & 0xffffffffn) >> BigInt(128 - length), free: BigInt(128 - length) };
  }
  const free = BigInt(bits - length);
  return { version: bits === 32 ? 4 : 6, first: first >> free, free };
}

export function isInside(address: Address, network: Network): boolean {
  return address.version === network.version && address.number >> network.free === network.first;
}
