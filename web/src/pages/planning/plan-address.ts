import { planTextMax } from "./plan-document.ts";

/** Before a plan that is packed; no YAML that is a plan begins so. */
const packedStart = "deflate.";
/** The most that a packed plan may unpack to, bytes: what an address may hold of zeros would fill the memory. */
const unpackedBytesMax = 500_000;

/** Whether an address holds a plan packed, not as it is written. */
export function isPacked(plan: string): boolean {
  return plan.startsWith(packedStart);
}

/** Whether a plan fits into an address as it is written. */
export function fitsAsWritten(text: string): boolean {
  return encodeURIComponent(text).length <= planTextMax;
}

/** A plan as an address holds it: as written where it is short, else packed (deflate, base64url); null when it is too long for both. */
export async function packPlan(text: string): Promise<string | null> {
  if (fitsAsWritten(text)) return text;
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const packed = packedStart + toBase64Url(bytes);
  return packed.length <= planTextMax && new Blob([text]).size <= unpackedBytesMax ? packed : null;
}

/**
 * The plan that an address holds packed.
 *
 * @throws {Error} when it was cut or changed on its way, or would unpack to more than a plan's size.
 */
export async function unpackPlan(packed: string): Promise<string> {
  const text = await inflate(packed.slice(packedStart.length)).catch((cause: unknown) => {
    throw new Error("The plan in this address was cut or changed on its way; ask for the whole link.", { cause });
  });
  if (text !== null) return text;
  throw new RangeError(`The plan in this address unpacks to more than ${unpackedBytesMax} bytes; open it as a file.`);
}

/** Null when there is more of it than a plan's size. */
async function inflate(text: string): Promise<string | null> {
  const bytes = fromBase64Url(text);
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    if (size > unpackedBytesMax) {
      await reader.cancel();
      return null;
    }
    parts.push(next.value);
  }
  return await new Blob(parts).text();
}

function toBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.codePointAt(0) ?? 0);
}
