import type { TaskLaunch } from "../ports.ts";
import { markName } from "./task-files.ts";

/** The variables of the server's environment that tasks see; nothing else of it reaches them. */
const inheritedNames: ReadonlySet<string> = new Set(
  (
    "PATH HOME USER LOGNAME LANG LC_ALL TZ TMPDIR LD_LIBRARY_PATH " +
    "SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE " +
    "HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy"
  ).split(" "),
);

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Libraries that start as many threads as the machine has CPUs unless told otherwise. */
const threadCountNames: readonly string[] = (
  "OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS NUMEXPR_NUM_THREADS VECLIB_MAXIMUM_THREADS " +
  "POLARS_MAX_THREADS RAYON_NUM_THREADS LOKY_MAX_CPU_COUNT"
).split(" ");

/** An environment: names and values. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Of the server's environment, what its tasks may see. */
export function inheritedVariables(host: Variables): Record<string, string> {
  const kept = Object.entries(host).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && inheritedNames.has(entry[0]),
  );
  return { PATH: defaultPath, ...Object.fromEntries(kept) };
}

/** The whole environment of a task; what the workload sets wins, but for the mark that tells its processes apart. */
export function taskEnvironment(host: Variables, task: TaskLaunch, folder: string): Record<string, string> {
  const inherited = inheritedVariables(host);
  const threads = String(Math.max(1, Math.floor(task.resources.cpus)));
  const real = task.gpus.filter((gpu) => !gpu.simulated).map((gpu) => gpu.index);
  const simulated = task.gpus.filter((gpu) => gpu.simulated).map((gpu) => gpu.index);
  const share = task.gpus.find((gpu) => gpu.millis < 1000);
  const python = task.environment;
  return {
    ...inherited,
    ...Object.fromEntries(threadCountNames.map((name) => [name, threads])),
    // Threads that wait for each other sleep instead of spinning: on a shared machine, spinning takes the time of the one
    // that is waited for (a gradient boosting beside other work took minutes instead of seconds).
    OMP_WAIT_POLICY: "PASSIVE",
    PYTHONUNBUFFERED: "1",
    CUDA_DEVICE_ORDER: "PCI_BUS_ID",
    CUDA_VISIBLE_DEVICES: real.join(","),
    ...(simulated.length === 0 ? {} : { MILLWRIGHT_SIMULATED_GPUS: simulated.join(",") }),
    // Nothing holds the task to its share of the GPU: it sees the whole device, and is told how much of it is its own.
    ...(share === undefined ? {} : { MILLWRIGHT_GPU_SHARE: String(share.millis / 1000) }),
    MILLWRIGHT_WORKLOAD: task.id,
    MILLWRIGHT_ATTEMPT: String(task.attempt),
    MILLWRIGHT_CPUS: String(task.resources.cpus),
    MILLWRIGHT_MEMORY_BYTES: String(task.resources.memory),
    ...(python === null
      ? {}
      : { VIRTUAL_ENV: python.folder, PATH: `${python.binFolder}:${inherited["PATH"] ?? defaultPath}` }),
    ...task.command.env,
    ...task.command.secretEnv,
    [markName]: folder,
  };
}
