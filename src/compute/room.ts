import { join } from "node:path";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import { LocalDriver } from "./drivers/local-driver.ts";
import { CachedPythonEnvironments } from "./drivers/python-environment.ts";
import { StoredWorkloads } from "./drivers/stored-workloads.ts";
import { logRoutes } from "./log-routes.ts";
import { MoveStore } from "./move-store.ts";
import { PoolController } from "./pool-controller.ts";
import { GpuRecordStore } from "./gpu-record-store.ts";
import type { GpuRecords } from "./gpu-records.ts";
import type { ComputeDriver, Workloads, WorkloadQueue } from "./ports.ts";
import { QueueStore } from "./queue-store.ts";
import { computeRoutes } from "./routes.ts";
import { WorkloadStore } from "./store.ts";
import { UsageStore } from "./usage-store.ts";
import { WorkloadController, workloadControllerName } from "./workload-controller.ts";

const dayMs = 86_400_000;
/** What nobody used for this long goes: environments, and the folders of tasks that ended. */
const environmentAgeMs = 30 * dayMs;
const taskAgeMs = 14 * dayMs;
const pruneEveryMs = dayMs;

export interface ComputeRoom extends Room {
  readonly workloads: Workloads;
  readonly queue: WorkloadQueue;
  readonly records: GpuRecords;
}

/** Pools, workloads and the tasks that run them. `hostEnvironment`: the server's own, of which tasks see a few names. */
export function computeRoom(
  platform: Platform,
  needs: {
    readonly hostEnvironment: Readonly<Record<string, string | undefined>>;
    /** In place of the processes of this machine. */
    readonly driver?: ComputeDriver;
  },
): ComputeRoom {
  const { database, resources, clock, waker, gatekeeper, dataDirectory } = platform;
  const { hostEnvironment } = needs;
  const log = platform.log.with({ room: "compute" });
  const store = new WorkloadStore(database.withTables());
  const moves = new MoveStore(database.withTables());
  const queue = new QueueStore(database.withTables());
  const driver = needs.driver ?? new LocalDriver({ folder: join(dataDirectory, "tasks"), clock, log, hostEnvironment });
  const environments = new CachedPythonEnvironments({
    folder: join(dataDirectory, "environments"),
    toolsFolder: join(dataDirectory, "tools"),
    hostEnvironment,
    log,
  });
  const records = new GpuRecordStore(database.withTables(), clock);
  const workloads = new StoredWorkloads({ store, resources, driver, clock });
  const wake = (id: string): void => {
    waker.wake(workloadControllerName, id).catch((error: unknown) => {
      // The controller looks again by itself before long.
      log.debug("workload not woken", { id, error: String(error) });
    });
  };
  const stopping = new AbortController();
  const prune = async (): Promise<void> => {
    const { ids, requirements } = await store.needs();
    const tasks = await driver.prune(clock.now() - taskAgeMs, ids);
    const count = await environments.prune(clock.now() - environmentAgeMs, requirements);
    if (tasks + count > 0) log.info("pruned", { tasks, environments: count });
  };
  const pruneSafely = (): void => {
    prune().catch((error: unknown) => log.warn("pruning failed", { error: String(error) }));
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    name: "compute",
    routes: [
      ...computeRoutes({ store, usage: new UsageStore(database.withTables()), records, workloads, gatekeeper, clock }),
      ...logRoutes({ store, driver, stopping: stopping.signal }),
    ],
    controllers: [
      new PoolController({ resources, store, driver, clock }),
      new WorkloadController({ store, moves, driver, environments, clock, wake }),
    ],
    workloads,
    queue,
    records,
    async start() {
      driver.onChange((task) => wake(task.id));
      pruneSafely();
      timer = setInterval(pruneSafely, pruneEveryMs);
      timer.unref();
    },
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await driver.close();
      await environments.close();
    },
  };
}
