/**
 * Turns the floats of an embeddings answer into base64 of little-endian FP32, which is what the official clients ask for; an
 * answer that has base64 already is left as it is.
 *
 * @param toBase64 writes bytes as base64.
 * @returns the answer's new text; null when there is nothing to change.
 */
export function embeddingsToBase64(text: string, toBase64: (bytes: Uint8Array) => string): string | null {
  const answer = JSON.parse(text) as { readonly data?: unknown };
  if (!Array.isArray(answer.data)) return null;
  let changed = false;
  const data = answer.data.map((entry: unknown) => {
    if (typeof entry !== "object" || entry === null || !("embedding" in entry)) return entry;
    const { embedding } = entry;
    if (!isNumbers(embedding)) return entry;
    changed = true;
    return { ...entry, embedding: toBase64(floatBytes(embedding)) };
  });
  return changed ? JSON.stringify({ ...answer, data }) : null;
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => typeof each === "number");
}

function floatBytes(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => view.setFloat32(index * 4, value, true));
  return new Uint8Array(view.buffer);
}
