import { poolKind, type PoolSpec } from "../src/compute/model.ts";
import type { WorkloadRequest, Workloads } from "../src/compute/ports.ts";
import { computeRoom } from "../src/compute/room.ts";
import type { Controller } from "../src/platform/controller.ts";
import { systemClock } from "../src/platform/system.ts";
import { schedulingRoom } from "../src/scheduling/room.ts";
import { type FreshPlatform, freshPlatform, type TestClock } from "./platform.ts";
import { until } from "./until.ts";

/** Compute and scheduling as a server runs them: processes of this machine. */
export interface LocalQueue {
  readonly workloads: Workloads;
  readonly controllers: readonly Controller[];
  /** Ends every workload, and lets go of their tasks. */
  stop(): Promise<void>;
}

/** The clock of tests in which real processes run. */
const passingClock: TestClock = { ...systemClock, set: () => undefined, advance: () => undefined };

/** A platform in which time passes. */
export async function livePlatform(): Promise<FreshPlatform> {
  return await freshPlatform({ clock: passingClock });
}

/** A queue on this platform; its controllers are for the caller to run. */
export async function openLocalQueue(platform: FreshPlatform): Promise<LocalQueue> {
  const compute = computeRoom(platform, { hostEnvironment: { PATH: process.env["PATH"], HOME: process.env["HOME"] } });
  const scheduling = schedulingRoom(platform, compute);
  await compute.start?.(new AbortController().signal);
  return {
    workloads: compute.workloads,
    controllers: [...compute.controllers, ...scheduling.controllers],
    async stop() {
      const active = await compute.workloads.list({ active: true });
      for (const { id } of active) await compute.workloads.cancel(id, "tester", "the test is over");
      await until(
        "all workloads have ended",
        async () => (await compute.workloads.list({ active: true })).length === 0,
      );
      await compute.stop?.();
    },
  };
}

/** Declares a pool on this machine. */
export async function applyPool(platform: FreshPlatform, name: string, spec: Partial<PoolSpec> = {}): Promise<void> {
  await platform.resources.apply("tester", { kind: "Pool", name, spec: poolKind.spec.parse(spec) });
}

/** A workload of one CPU that holds its place until a file is there, whoever asks for it. */
export function gateKeeper(id: string, pool: string, gate: string): WorkloadRequest {
  return {
    id,
    project: "default",
    owner: { kind: "TrainingJob", project: "default", name: id },
    purpose: "training",
    pool,
    priority: 50,
    isPreemptible: false,
    resources: { cpus: 1, memory: 1e8, gpus: 0, gpuModel: null },
    command: {
      argv: ["/bin/sh", "-c", `while [ ! -e "${gate}" ]; do sleep 0.02; done`],
      files: {},
      env: {},
      secretEnv: {},
      requirements: null,
      maxDurationMs: null,
      graceMs: 100,
    },
    maxRestarts: 0,
  };
}
