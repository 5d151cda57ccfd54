import type { Admission } from "../gateway/messages.ts";

/** Begins every key that a batch makes its requests with. */
export const batchKeyPrefix = "mwb-";

/**
 * The keys by which running batches make their requests in their owners' names. They live as long as the process does and go
 * nowhere but to its own gateway.
 */
export class BatchKeys {
  readonly #newSecret: () => string;
  readonly #hashOf: (key: string) => string;
  /** By the key's hash: what is looked up tells nothing of the key. */
  readonly #admissions = new Map<string, Admission>();
  readonly #keys = new Map<string, string>();

  constructor(parts: { readonly newSecret: () => string; readonly hashOf: (key: string) => string }) {
    this.#newSecret = parts.newSecret;
    this.#hashOf = parts.hashOf;
  }

  /** The key of a batch, the same at every call. */
  keyOf(batchId: string, admission: Admission): string {
    const known = this.#keys.get(batchId);
    if (known !== undefined) return known;
    const key = `${batchKeyPrefix}${this.#newSecret()}`;
    this.#keys.set(batchId, key);
    this.#admissions.set(this.#hashOf(key), admission);
    return key;
  }

  /** Who a key speaks for; undefined when it is no batch's. */
  admissionOf(key: string): Admission | undefined {
    return key.startsWith(batchKeyPrefix) ? this.#admissions.get(this.#hashOf(key)) : undefined;
  }

  /** The batch is over. */
  forget(batchId: string): void {
    const key = this.#keys.get(batchId);
    if (key === undefined) return;
    this.#keys.delete(batchId);
    this.#admissions.delete(this.#hashOf(key));
  }
}
