/*
 * IEEE 754 binary16 as bits in a whole number, for platforms whose arrays do not have it: 1 bit of sign, 5 of exponent (bias 15), 10 of
 * fraction.
 */

const scratch = new DataView(new ArrayBuffer(4));

/** The nearest half-precision number as 16 bits; ties go to even, what is too large becomes infinite. */
export function toHalfBits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  const shifted = exponent - 127 + 15;
  if (shifted >= 31) return sign | 0x7c00;
  if (shifted < -10) return sign;
  const whole = shifted <= 0 ? fraction | 0x800000 : fraction;
  const dropped = shifted <= 0 ? 14 - shifted : 13;
  const kept = (shifted <= 0 ? 0 : shifted << 10) + (whole >>> dropped);
  const rest = whole & ((1 << dropped) - 1);
  const half = 1 << (dropped - 1);
  const isUp = rest > half || (rest === half && (kept & 1) === 1);
  return sign | (isUp ? kept + 1 : kept);
}

/** The number that 16 bits stand for. */
export function fromHalfBits(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
