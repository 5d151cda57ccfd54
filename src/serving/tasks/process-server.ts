import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { Fault } from "../../base/fault.ts";
import { fillPlaceholders, type Placeholders } from "../runtimes/fill-placeholders.ts";
import { type GangMember, gangMember } from "../runtimes/gang-member.ts";
import { type ProcessTask, processTaskSchema } from "../runtimes/process-task.ts";
import { replicaAddressFile, replicaEnvironmentName } from "../runtimes/replica-files.ts";
import { awaitReady } from "./await-ready.ts";
import { holdFreePort } from "./free-port.ts";
import { clearSigns, runReplica, tellReady } from "./replica-program.ts";

/*
 * The program that stands over a program of the user's which answers requests on a port: an engine, or a server of one's own. It
 * starts it on a free port, waits until it is ready, warms it up, and then writes `replica.json`. What the program writes goes to the
 * workload's log. When the program ends by itself, so does this one, and the replica is started again. SIGTERM: the program is told
 * to stop, has its grace, then exit 0. Of a gang, only the first member says where it listens.
 */

const exitNotReady = 1;

type Ports = Pick<Placeholders, "port" | "port2" | "port3">;

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

async function serve(folder: string): Promise<void> {
  const task = processTaskSchema.parse(JSON.parse(process.env[replicaEnvironmentName] ?? "{}"));
  const member = gangMember(task.nodes, process.env);
  if (member === undefined) {
    throw new Fault(
      "serving.model-incompatible",
      `a replica of ${task.nodes} machines wants MILLWRIGHT_RANK (or RANK, SLURM_PROCID, JOB_COMPLETION_INDEX) and MASTER_ADDR in the environment of each; start it in a pool whose driver runs gangs`,
    );
  }
  // A member that starts late must not take back what the first one, in the same folder, has said by then.
  if (member.rank === 0) clearSigns(folder);
  const held = [await holdFreePort(), await holdFreePort(), await holdFreePort()] as const;
  const [first, second, third] = held;
  const ports = { port: task.port ?? first.port, port2: second.port, port3: third.port };
  try {
    await run(folder, task, member, ports);
  } finally {
    for (const each of held) each.release();
  }
}

async function run(folder: string, task: ProcessTask, member: GangMember, ports: Ports): Promise<void> {
  const child = await start(folder, task, member, ports);
  const ended = new Promise<Exit>((done) => child.once("exit", (code, signal) => done({ code, signal })));
  const stopping = stopOnSignal(child, task.graceMs);
  const gone = new AbortController();
  const exit = ended.then((value) => {
    gone.abort(new Error("the program ended"));
    return value;
  });
  if (member.rank === 0) {
    const problem = await becomeReady(folder, task, member, ports.port, gone.signal);
    if (problem !== null) {
      child.kill("SIGKILL");
      await exit;
      // Last, since the last line is what people are shown.
      process.stderr.write(`${problem}\n`);
      process.exitCode = exitNotReady;
      return;
    }
  }
  const { code, signal } = await exit;
  rmSync(join(folder, replicaAddressFile), { force: true });
  if (stopping.aborted) {
    process.exitCode = 0;
    return;
  }
  process.stderr.write(`the program ended by itself: ${signal === null ? `exit code ${code}` : `signal ${signal}`}\n`);
  process.exitCode = code === null || code === 0 ? exitNotReady : code;
}

/** Waits until the program is ready and says so; answers with what is wrong, if anything but its end is. */
async function becomeReady(
  folder: string,
  task: ProcessTask,
  member: GangMember,
  port: number,
  signal: AbortSignal,
): Promise<string | null> {
  const url = `http://${member.address ?? "127.0.0.1"}:${port}`;
  try {
    await awaitReady(url, task, signal);
  } catch (error) {
    if (signal.aborted) return null;
    return error instanceof Error ? error.message : String(error);
  }
  await tellReady(folder, {
    kind: "model",
    pid: process.pid,
    protocol: task.protocol,
    address: { kind: "http", url },
    model: task.model,
    engine: task.engine,
    slots: task.slots,
    adapters: task.adapters,
  });
  process.stdout.write(`ready: ${task.deployment} version ${task.version} on ${url}\n`);
  return null;
}

function start(folder: string, task: ProcessTask, member: GangMember, ports: Ports): Promise<ChildProcess> {
  const values: Placeholders = {
    // Alone on its machine it listens for the gateway beside it; others have to reach it where it runs elsewhere.
    host: member.address === null ? "127.0.0.1" : "0.0.0.0",
    ...ports,
    model: task.model,
    model_path: task.modelFile === null ? null : resolve(folder, task.modelFile),
    gpus: task.gpus,
    cpus: Math.max(1, Math.floor(task.cpus)),
    nodes: task.nodes,
    rank: member.rank,
    master: member.master,
    master_port: member.masterPort,
  };
  const template = member.rank > 0 && task.workerCommand !== null ? task.workerCommand : task.command;
  const [program = "", ...parameters] = template.map((text) => filled(text, values));
  const environment = Object.fromEntries(
    Object.entries(task.environment).map(([name, text]) => [name, filled(text, values)]),
  );
  for (const line of task.explanation) process.stdout.write(`${line}\n`);
  process.stdout.write(`starting: ${[program, ...parameters].join(" ")}\n`);
  const child = spawn(program, parameters, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((done, fail) => {
    child.once("spawn", () => done(child));
    child.once("error", (cause) =>
      fail(
        new Fault("serving.model-incompatible", `the program "${program}" cannot be started: ${cause.message}`, {
          cause,
        }),
      ),
    );
  });
}

function filled(text: string, values: Placeholders): string {
  const found = fillPlaceholders(text, values);
  if (found.kind === "filled") return found.text;
  throw new Fault(
    "serving.model-incompatible",
    `the command wants {${found.name}}, which a deployment without a registered model does not have; name one in the deployment's model`,
  );
}

/** Stops the program on SIGTERM. The signal that it gives fires then. */
function stopOnSignal(child: ChildProcess, graceMs: number): AbortSignal {
  const stopping = new AbortController();
  const stop = (): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    // The local driver signals every process of a task by itself, and a second SIGTERM ends many programs at once.
    if (process.env.MILLWRIGHT_TASK_FOLDER === undefined) child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), graceMs).unref();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  return stopping.signal;
}

const folder = process.cwd();
await runReplica(folder, async () => await serve(folder));
