import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Kysely } from "kysely";
import type { Clock } from "../base/clock.ts";
import { writeFileAtomically } from "./files.ts";
import { appendLeaf, emptyFrontier, type Frontier, leafHash, packFrontier, rootOf, unpackFrontier } from "./merkle.ts";
import type { PlatformTables } from "./tables.ts";

/** Events read at once while sealing or verifying. */
const pageSize = 2_000;

/** A signed statement: at this size, the log had this root. */
export interface Checkpoint {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  readonly signedAt: number;
  /** Ed25519 over `checkpointText`, base64. */
  readonly signature: string;
}

/** What a verification found. */
export interface Verification {
  readonly isWhole: boolean;
  readonly checked: number;
  /** Root over all entries, hex. */
  readonly root: string;
  readonly checkpoints: number;
  /** The first entry that is not as it was written, and how that shows. */
  readonly firstBad: { readonly seq: number; readonly why: string } | null;
}

/** The text that a checkpoint signs. */
export function checkpointText(size: number, root: string): string {
  return `millwright event log\n${size}\n${root}\n`;
}

/** Reads the key that signs checkpoints, or makes it (Ed25519, mode 600). */
export async function openSigningKey(path: string): Promise<KeyObject> {
  if (existsSync(path)) return createPrivateKey(await readFile(path));
  const { privateKey } = generateKeyPairSync("ed25519");
  await writeFileAtomically(path, String(privateKey.export({ type: "pkcs8", format: "pem" })));
  return privateKey;
}

/** Seals the log with signed checkpoints and proves it whole. */
export class Auditor {
  readonly #database: Kysely<PlatformTables>;
  readonly #key: KeyObject;
  readonly #clock: Clock;

  constructor(database: Kysely<PlatformTables>, key: KeyObject, clock: Clock) {
    this.#database = database;
    this.#key = key;
    this.#clock = clock;
  }

  /** Signs the log as it is now; without new entries the newest checkpoint stands. */
  async seal(): Promise<Checkpoint | null> {
    const newest = await this.#database
      .selectFrom("event_checkpoint")
      .selectAll()
      .orderBy("size", "desc")
      .limit(1)
      .executeTakeFirst();
    let frontier = newest === undefined ? emptyFrontier : unpackFrontier(newest.size, newest.frontier);
    const before = frontier.size;
    for (;;) {
      const page = await this.#page(frontier.size, ["seq", "leaf_hash"]);
      for (const row of page) frontier = appendLeaf(frontier, row.leaf_hash);
      if (page.length < pageSize) break;
    }
    if (frontier.size === before) return newest === undefined ? null : toCheckpoint(newest);
    return await this.#store(frontier);
  }

  async #store(frontier: Frontier): Promise<Checkpoint> {
    const root = rootOf(frontier);
    const signature = sign(null, Buffer.from(checkpointText(frontier.size, root.toString("hex"))), this.#key);
    const publicKey = createPublicKey(this.#key).export({ type: "spki", format: "der" });
    const row = {
      size: frontier.size,
      root,
      frontier: packFrontier(frontier),
      signed_at: this.#clock.now(),
      signature,
      public_key: publicKey,
    };
    await this.#database
      .insertInto("event_checkpoint")
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return toCheckpoint(row);
  }

  /** Reads every entry again: hashes, gaps, and the root at every signed checkpoint. Cost: one pass over the log. */
  async verify(): Promise<Verification> {
    const checkpoints = await this.#database
      .selectFrom("event_checkpoint")
      .select(["size", "root", "signed_at", "signature"])
      .orderBy("size")
      .execute();
    const head = await this.#database.selectFrom("event_head").select("size").executeTakeFirstOrThrow();
    const publicKey = createPublicKey(this.#key);
    let frontier = emptyFrontier;
    let next = 0;
    let sealed = 0;
    const result = (firstBad: Verification["firstBad"]): Verification => ({
      isWhole: firstBad === null,
      checked: frontier.size,
      root: rootOf(frontier).toString("hex"),
      checkpoints: checkpoints.length,
      firstBad,
    });
    for (;;) {
      const page = await this.#page(frontier.size, ["seq", "entry", "leaf_hash"]);
      for (const row of page) {
        if (row.seq !== frontier.size + 1)
          return result({ seq: frontier.size + 1, why: `the entry is missing; the next one found is ${row.seq}` });
        if (!leafHash(row.entry).equals(row.leaf_hash))
          return result({ seq: row.seq, why: "its text does not have the hash that was stored with it" });
        frontier = appendLeaf(frontier, row.leaf_hash);
        const checkpoint = checkpoints[next];
        if (checkpoint?.size !== frontier.size) continue;
        next += 1;
        const root = rootOf(frontier).toString("hex");
        const text = Buffer.from(checkpointText(checkpoint.size, checkpoint.root.toString("hex")));
        if (!verify(null, text, publicKey, checkpoint.signature)) {
          return result({
            seq: sealed + 1,
            why: `the checkpoint over entries 1 to ${checkpoint.size} is not signed by this platform's key`,
          });
        }
        if (root !== checkpoint.root.toString("hex")) {
          return result({
            seq: sealed + 1,
            why: `entries ${sealed + 1} to ${checkpoint.size} do not have the root that was signed`,
          });
        }
        sealed = checkpoint.size;
      }
      if (page.length < pageSize) break;
    }
    const expected = Math.max(head.size, checkpoints.at(-1)?.size ?? 0);
    if (frontier.size < expected)
      return result({ seq: frontier.size + 1, why: `the log ends here, but it once held ${expected} entries` });
    return result(null);
  }

  /** The newest signed checkpoint. */
  async newest(): Promise<Checkpoint | null> {
    const row = await this.#database
      .selectFrom("event_checkpoint")
      .selectAll()
      .orderBy("size", "desc")
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? null : toCheckpoint(row);
  }

  /** The key that verifies checkpoints offline, PEM. */
  publicKey(): string {
    return String(createPublicKey(this.#key).export({ type: "spki", format: "pem" }));
  }

  async #page<Column extends "seq" | "entry" | "leaf_hash">(after: number, columns: readonly Column[]) {
    return await this.#database
      .selectFrom("event")
      .select(columns)
      .where("seq", ">", after)
      .orderBy("seq")
      .limit(pageSize)
      .execute();
  }
}

function toCheckpoint(row: { size: number; root: Buffer; signed_at: number; signature: Buffer }): Checkpoint {
  return {
    size: row.size,
    root: row.root.toString("hex"),
    signedAt: row.signed_at,
    signature: row.signature.toString("base64"),
  };
}
