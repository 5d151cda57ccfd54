/** An address of the internet protocol, as a number. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** All addresses whose first `prefix` bits are those of `from`. */
export interface IpRange {
  readonly from: IpAddress;
  readonly prefix: number;
}

const bitsOf = { 4: 32, 6: 128 } as const;

/** Reads `10.0.0.1` or `fd00::1`, without brackets; null when it is none. A zone (`%eth0`) is left off. */
export function parseIp(text: string): IpAddress | null {
  const [address = ""] = text.split("%");
  if (!address.includes(":")) {
    const value = parseFour(address);
    return value === null ? null : { family: 4, value };
  }
  const value = parseSix(address);
  return value === null ? null : { family: 6, value };
}

/** Reads `10.0.0.0/8` or a single address; null when it is none. */
export function parseIpRange(text: string): IpRange | null {
  const [address = "", length, ...rest] = text.split("/");
  const from = parseIp(address);
  if (from === null || rest.length > 0) return null;
  if (length === undefined) return { from, prefix: bitsOf[from.family] };
  const prefix = Number(length);
  return /^\d{1,3}$/.test(length) && prefix <= bitsOf[from.family] ? { from, prefix } : null;
}

export function isInRange({ from, prefix }: IpRange, { family, value }: IpAddress): boolean {
  if (family !== from.family) return false;
  const shift = BigInt(bitsOf[family] - prefix);
  return value >> shift === from.value >> shift;
}

/**
 * The address of version 4 that one of version 6 stands for, where it stands for one: mapped (RFC 4291), translated (RFC 6052),
 * 6to4 (RFC 3056) or compatible; else the address itself.
 */
export function plainIp(address: IpAddress): IpAddress {
  if (address.family === 4) return address;
  const { value } = address;
  const low: IpAddress = { family: 4, value: value & 0xffff_ffffn };
  const high = value >> 32n;
  if (high === 0xffffn || high === 0x64_ff9b_0000_0000_0000_0000n || (high === 0n && low.value > 1n)) return low;
  return value >> 112n === 0x2002n ? { family: 4, value: (value >> 80n) & 0xffff_ffffn } : address;
}

function parseFour(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return null;
    value = value * 256n + BigInt(part);
  }
  return value;
}

function parseSix(text: string): bigint | null {
  const [head = "", tail, ...rest] = text.split("::");
  if (rest.length > 0) return null;
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  if (before === null || after === null) return null;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...before, ...new Array<bigint>(missing).fill(0n), ...after];
  return groups.reduce((value, group) => value * 65_536n + group, 0n);
}

/** The groups of 16 bits of a part of an address; its last two may be written as an address of version 4. */
function groupsOf(text: string): readonly bigint[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: bigint[] = [];
  for (const [place, part] of parts.entries()) {
    const four = place === parts.length - 1 ? parseFour(part) : null;
    if (four !== null) groups.push(four >> 16n, four & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return null;
  }
  return groups;
}
