import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const secretBytes = 24;

/** A new secret: 192 random bits, as hex. */
export function newSecret(): string {
  return randomBytes(secretBytes).toString("hex");
}

/** SHA-256; enough for a secret that is random and long (no password). */
export function hashSecret(secret: string): Buffer {
  return createHash("sha256").update(secret, "utf8").digest();
}

/** Whether the secret has this hash, in time that does not depend on where they differ. */
export function isSecret(secret: string, hash: Buffer): boolean {
  const own = hashSecret(secret);
  return own.length === hash.length && timingSafeEqual(own, hash);
}
