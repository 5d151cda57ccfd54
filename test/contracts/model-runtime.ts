import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { TestReplica } from "../../src/serving/fixtures/start-replica.ts";
import {
  type ReplicaAddress,
  replicaAddressFile,
  replicaProblemFile,
  replicaProblemSchema,
} from "../../src/serving/runtimes/replica-files.ts";

/** What the suite needs of a runtime. */
export interface ModelRuntime {
  /** Starts a replica of a small model; `stale` is put into its folder as the address of an earlier start. */
  start(stale: Uint8Array): TestReplica;
  /** Starts a replica of something that cannot be served. */
  startMisfit(): TestReplica;
  /** What the misfit's problem must say. */
  readonly misfit: RegExp;
  /** Asks the model once; rejects or answers with another status than 200 when it does not answer. */
  ask(address: ReplicaAddress): Promise<{ readonly status: number }>;
  /** Sends a request that is still under way when the promise of `arrived` settles, and that ends once the replica is told to stop. */
  askSlowly(address: ReplicaAddress): {
    readonly arrived: Promise<unknown>;
    readonly answer: Promise<{ readonly status: number }>;
  };
  /** Makes what runs the model die. */
  crash(replica: TestReplica, address: ReplicaAddress): Promise<void>;
}

const staleAddress: ReplicaAddress = {
  kind: "model",
  pid: 1,
  protocol: "openai",
  address: { kind: "unix", path: "/no/such/socket" },
  model: "of an earlier start",
  engine: null,
  slots: null,
  adapters: [],
};

/** How a connection fails to what no longer listens. */
const gone = /ECONNREFUSED|ENOENT|ECONNRESET|socket hang up/;

/** What every runtime of models must do. */
export function describeModelRuntime(name: string, runtime: ModelRuntime): void {
  describe(`${name} keeps the contract of a model runtime`, () => {
    const started: TestReplica[] = [];
    const keep = (replica: TestReplica): TestReplica => {
      started.push(replica);
      return replica;
    };
    const start = (): TestReplica => keep(runtime.start(Buffer.from(JSON.stringify(staleAddress))));

    afterEach(async () => {
      for (const replica of started.splice(0)) {
        replica.child.kill("SIGTERM");
        await replica.ended;
        replica.stop();
      }
    });

    test("a replica that says that it is ready answers at once", async () => {
      const { ready, folder } = start();
      const address = await ready;

      expect(address).not.toEqual(staleAddress);
      expect((await runtime.ask(address)).status).toBe(200);
      expect(existsSync(join(folder, replicaProblemFile))).toBe(false);
    });

    test("told to stop, it ends what is under way and then itself", async () => {
      const { ready, child, ended } = start();
      const address = await ready;
      const { arrived, answer } = runtime.askSlowly(address);
      await arrived;
      child.kill("SIGTERM");

      expect((await answer).status).toBe(200);
      expect(await ended).toBe(0);
      await expect(runtime.ask(address)).rejects.toThrow(gone);
    });

    test("when what runs the model dies, the replica ends as one that failed", async () => {
      const replica = start();
      const address = await replica.ready;
      await runtime.crash(replica, address);

      expect(await replica.ended).not.toBe(0);
      await expect(runtime.ask(address)).rejects.toThrow(gone);
    });

    test("what cannot be served is told in a sentence, and is never ready", async () => {
      const { ended, folder } = keep(runtime.startMisfit());

      expect(await ended).toBe(3);
      const problem = replicaProblemSchema.parse(JSON.parse(readFileSync(join(folder, replicaProblemFile), "utf8")));
      expect(problem.message).toMatch(runtime.misfit);
      expect(existsSync(join(folder, replicaAddressFile))).toBe(false);
    });
  });
}
