import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isFault } from "../../src/base/fault.ts";
import type {
  ComputeDriver,
  TaskCommand,
  TaskEnd,
  TaskLaunch,
  TaskObservation,
  TaskRef,
} from "../../src/compute/ports.ts";
import { until } from "../until.ts";

/** What the suite needs of a driver's surroundings. */
export interface ComputeDriverSetup {
  /** A driver on `folder`; called again on the same folder it stands for a restarted server. */
  open(folder: string): ComputeDriver;
  /** Signals what stands over a running task, as the death of a node's agent or the stop of its machine would. */
  signalSupervisor(driver: ComputeDriver, task: TaskRef, signal: NodeJS.Signals): void;
}

const never = new AbortController().signal;

/** A task that runs a piece of shell. */
function shell(id: string, script: string, command: Partial<TaskCommand> = {}, memory = 1e9): TaskLaunch {
  return {
    id,
    attempt: 1,
    command: {
      argv: ["/bin/sh", "-c", script],
      files: {},
      env: {},
      secretEnv: {},
      requirements: null,
      maxDurationMs: null,
      graceMs: 200,
      ...command,
    },
    resources: { cpus: 1.5, memory, gpus: 0, gpuModel: null },
    gpus: [],
    environment: null,
  };
}

function isRunning(pid: number): boolean {
  try {
    // A zombie still answers to signals: its state tells it apart.
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** What every `ComputeDriver` must do. */
export function describeComputeDriver(name: string, setup: ComputeDriverSetup): void {
  describe(`${name} keeps the contract of ComputeDriver`, () => {
    let folder = "";
    let driver: ComputeDriver;
    const launched: TaskRef[] = [];

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "compute-driver-"));
    });
    beforeEach(() => {
      driver = setup.open(join(folder, "tasks"));
    });
    afterEach(async () => {
      for (const task of launched.splice(0)) {
        await driver.stop(task);
        await ended(task).catch(() => undefined);
      }
      await driver.close();
    });
    afterAll(async () => {
      await rm(folder, { recursive: true, force: true });
    });

    const launch = async (task: TaskLaunch): Promise<TaskLaunch> => {
      launched.push(task);
      await driver.launch(task, never);
      return task;
    };
    const ended = async (task: TaskRef): Promise<TaskEnd> =>
      await until(`${task.id} has ended`, async () => {
        const seen = await driver.observe(task);
        return seen.kind === "ended" ? seen.end : undefined;
      });
    const logOf = async (task: TaskRef, stream: "stdout" | "stderr"): Promise<string> =>
      new TextDecoder().decode((await driver.readLog(task, stream, 0, 1e6)).bytes);
    const printed = async (task: TaskRef, pattern: RegExp): Promise<string> =>
      await until(
        `${task.id} has printed ${pattern.source}`,
        async () => pattern.exec(await logOf(task, "stdout"))?.[1],
      );

    test("runs a program and tells that it finished", async () => {
      const task = await launch(shell("finishes", "echo out; echo err >&2"));

      expect(await ended(task)).toMatchObject({
        outcome: { kind: "exited", exitCode: 0, message: "finished" },
        isRestartable: false,
        wasStopped: false,
      });
      expect(await logOf(task, "stdout")).toBe("out\n");
      expect(await logOf(task, "stderr")).toBe("err\n");
    });

    test("tells the exit code of a failure with the last words, secrets masked", async () => {
      const task = await launch(shell("fails", 'echo "bad key $KEY" >&2; exit 3', { secretEnv: { KEY: "hush-hush" } }));
      const { outcome, isRestartable } = await ended(task);

      expect(outcome).toEqual({ kind: "exited", exitCode: 3, message: "exited with code 3: bad key ***; see its log" });
      expect(isRestartable).toBe(false);
    });

    test("gives the task its files, its environment and hints of its size, and nothing of the server's", async () => {
      const source = join(folder, "snapshot.txt");
      await writeFile(source, "content");
      const task = await launch(
        shell("surroundings", "cat data.txt; pwd; env", {
          files: { "data.txt": source },
          env: { COLOUR: "red" },
          secretEnv: { TOKEN: "t0ken-t0ken" },
        }),
      );
      await ended(task);
      const lines = (await logOf(task, "stdout")).replace("content", "content\n").split("\n");

      expect(lines[0]).toBe("content");
      expect(lines[1]).toBe(driver.taskFolder(task));
      expect(lines).toEqual(
        expect.arrayContaining([
          "COLOUR=red",
          "TOKEN=t0ken-t0ken",
          "OMP_NUM_THREADS=1",
          "MILLWRIGHT_CPUS=1.5",
          "CUDA_VISIBLE_DEVICES=",
        ]),
      );
      expect(lines.filter((line) => line.startsWith("DATABASE_URL") || line.startsWith("VITEST"))).toEqual([]);
    });

    test("shows real GPUs by index and names simulated ones as simulated", async () => {
      const gpu = { model: "H100", memory: 80e9, millis: 1000 };
      const task = await launch({
        ...shell("gpus", 'echo "$CUDA_VISIBLE_DEVICES/$MILLWRIGHT_SIMULATED_GPUS"'),
        gpus: [
          { ...gpu, index: 3, simulated: false, device: "GPU-3" },
          { ...gpu, index: 5, simulated: true, device: "simulated/5" },
        ],
      });
      await ended(task);

      expect(await logOf(task, "stdout")).toBe("3/5\n");
    });

    test("tells a task that shares a GPU how much of it is its own", async () => {
      const gpu = { model: "H100", memory: 80e9, index: 3, simulated: false, device: "GPU-3" };
      const script = 'echo "$CUDA_VISIBLE_DEVICES/${MILLWRIGHT_GPU_SHARE:-whole}"';
      const part = await launch({ ...shell("shares", script), gpus: [{ ...gpu, millis: 250 }] });
      const whole = await launch({ ...shell("shares-not", script), gpus: [{ ...gpu, millis: 1000 }] });
      await ended(part);
      await ended(whole);

      expect([await logOf(part, "stdout"), await logOf(whole, "stdout")]).toEqual(["3/0.25\n", "3/whole\n"]);
    });

    const gangOf = (task: TaskLaunch, members: number): TaskLaunch => ({
      ...task,
      memberGpus: Array.from({ length: members }, () => []),
    });

    test("starts every member of a gang with its rank, and tells all where they meet", async () => {
      const script = 'echo "$RANK/$WORLD_SIZE $LOCAL_RANK/$LOCAL_WORLD_SIZE $MASTER_ADDR:$MASTER_PORT"';
      const task = await launch(gangOf(shell("gang", script), 3));
      const { outcome } = await ended(task);
      const lines = (await logOf(task, "stdout")).trim().split("\n").toSorted();
      const where = /^\d\/3 \d\/3 (\S+:\d+)$/.exec(lines[0] ?? "")?.[1];

      expect(outcome).toMatchObject({ kind: "exited", exitCode: 0 });
      expect(lines).toEqual([0, 1, 2].map((rank) => `${rank}/3 ${rank}/3 ${where}`));
      expect(Number(where?.split(":")[1])).toBeGreaterThan(0);
    });

    test("lets the members of a gang meet at the address that they are told", async () => {
      const program = `
        const { MASTER_ADDR: host, MASTER_PORT: port, RANK: rank, WORLD_SIZE: size } = process.env;
        const net = require("node:net");
        let met = 0;
        const meet = () => {
          const socket = net.connect(port, host).on("error", () => setTimeout(meet, 20));
          socket.on("connect", () => {
            console.log("met:" + rank);
            socket.on("close", () => process.exit(0));
          });
        };
        if (rank === "0") net.createServer(() => { if (++met === size - 1) process.exit(0); }).listen(port, host);
        else meet();`;
      const argv = [process.execPath, "-e", program];
      const task = await launch(gangOf(shell("meets", "", { argv }), 3));

      expect((await ended(task)).outcome).toMatchObject({ kind: "exited", exitCode: 0 });
      expect((await logOf(task, "stdout")).trim().split("\n").toSorted()).toEqual(["met:1", "met:2"]);
    });

    test("ends a whole gang when one member fails, with that member's exit code", async () => {
      const script = "if [ $RANK = 1 ]; then exit 5; fi; echo pid:$$; sleep 1000";
      const task = await launch(gangOf(shell("gang-fails", script), 2));
      const pid = Number(await printed(task, /pid:(\d+)\n/));

      expect((await ended(task)).outcome).toMatchObject({ kind: "exited", exitCode: 5 });
      expect(isRunning(pid)).toBe(false);
    });

    test("waits for the last member of a gang, and stops all of them when asked to", async () => {
      const script = "if [ $RANK = 0 ]; then exit 0; fi; echo pid$RANK:$$; while :; do sleep 0.05; done";
      const task = await launch(gangOf(shell("gang-stops", script), 3));
      const pids = [Number(await printed(task, /pid1:(\d+)\n/)), Number(await printed(task, /pid2:(\d+)\n/))];
      await until("it runs", async () => (await driver.observe(task)).kind === "running");
      await driver.stop(task);

      expect(await ended(task)).toMatchObject({ outcome: { kind: "cancelled" }, wasStopped: true });
      expect(pids.filter(isRunning)).toEqual([]);
    });

    test("gives the members of a gang memory for each, and counts all of it", async () => {
      const hold = `exec ${process.execPath} -e 'const b = Buffer.alloc(120e6, 1); setInterval(() => b.length, 1000)'`;
      const task = await launch(gangOf(shell("gang-greedy", hold, {}, 75e6), 2));

      expect((await ended(task)).outcome.message).toMatch(/^out-of-memory: used \S+MB of 150MB/);
    });

    test("shows members of one whole GPU each all of these, and others only their own", async () => {
      const held = (index: number, millis: number) => {
        return { model: "H100", memory: 80e9, index, simulated: false, device: `GPU-${index}`, millis };
      };
      const script = 'echo "$RANK: $CUDA_VISIBLE_DEVICES"';
      const whole = await launch({ ...shell("gang-gpus", script), memberGpus: [[held(3, 1000)], [held(5, 1000)]] });
      const shares = await launch({ ...shell("gang-shares", script), memberGpus: [[held(3, 500)], [held(3, 500)]] });
      await ended(whole);
      await ended(shares);
      const linesOf = async (task: TaskRef) => (await logOf(task, "stdout")).trim().split("\n").toSorted();

      expect(await linesOf(whole)).toEqual(["0: 3,5", "1: 3,5"]);
      expect(await linesOf(shares)).toEqual(["0: 3", "1: 3"]);
    });

    test("finds when the newest file of a folder was written", async () => {
      const checkpoints = join(folder, "checkpoints");
      expect(await driver.newestFileAt(checkpoints)).toBeNull();
      await mkdir(join(checkpoints, "step-2"), { recursive: true });
      for (const [name, seconds] of [
        ["step-1", 1000],
        ["step-2/weights", 3000],
        ["notes", 2000],
      ] as const) {
        await writeFile(join(checkpoints, name), "saved");
        await utimes(join(checkpoints, name), seconds, seconds);
      }

      expect(await driver.newestFileAt(checkpoints)).toBe(3_000_000);
    });

    test("says what is wrong with a program that does not exist", async () => {
      const task = await launch(shell("absent-program", "", { argv: ["no-such-program"] }));

      expect((await ended(task)).outcome).toEqual({
        kind: "start-failed",
        exitCode: null,
        message: "the program could not be started: there is no program no-such-program on the PATH of the task",
      });
    });

    test("refuses a task whose files are not there, and starts nothing", async () => {
      const task = shell("absent-file", "true", { files: { "data.txt": join(folder, "absent.txt") } });

      await expect(driver.launch(task, never)).rejects.toSatisfy((error) => isFault(error, "compute.task-unstartable"));
      expect(await driver.observe(task)).toEqual({ kind: "absent" });
    });

    test("runs one task for two launches, and for a launch after the end", async () => {
      const other = setup.open(join(folder, "tasks"));
      const task = shell("twice", `echo ran >> ${join(folder, "twice.txt")}; sleep 0.2`);
      launched.push(task);
      await Promise.all([driver.launch(task, never), other.launch(task, never)]);
      await ended(task);
      await other.launch(task, never);
      await ended(task);
      await other.close();

      expect(readFileSync(join(folder, "twice.txt"), "utf8")).toBe("ran\n");
    });

    test("stops a whole tree that ignores SIGTERM and hides in sessions of its own", async () => {
      const hidden = `trap '' TERM; setsid sh -c 'trap "" TERM; echo hidden:$$; while :; do sleep 0.05; done' & while :; do sleep 0.05; done`;
      const task = await launch(
        shell("stubborn", `trap '' TERM; sh -c "$HIDDEN" & echo child:$!; while :; do sleep 0.05; done`, {
          env: { HIDDEN: hidden },
        }),
      );
      const pids = [Number(await printed(task, /child:(\d+)\n/)), Number(await printed(task, /hidden:(\d+)\n/))];
      await driver.stop(task);
      await driver.stop(task);

      expect(await ended(task)).toMatchObject({
        outcome: { kind: "cancelled" },
        wasStopped: true,
        isRestartable: false,
      });
      expect(pids.filter(isRunning)).toEqual([]);
    });

    test("lets a task that heeds SIGTERM end in its own way", async () => {
      const task = await launch(
        shell("heeds", `trap 'echo saved; exit 0' TERM; echo ready:1; while :; do sleep 0.02; done`, {
          graceMs: 20_000,
        }),
      );
      await printed(task, /ready:(1)/);
      await driver.stop(task);

      expect(await ended(task)).toMatchObject({ outcome: { kind: "cancelled", exitCode: 0 }, wasStopped: true });
      expect(await logOf(task, "stdout")).toContain("saved");
    });

    test("ends a task whose processes together hold more memory than it asked for", async () => {
      const hold = `exec ${process.execPath} -e 'const b = Buffer.alloc(120e6, 1); setInterval(() => b.length, 1000)'`;
      const task = await launch(shell("greedy", `(${hold}) & (${hold}) & wait`, {}, 150e6));
      const { outcome, isRestartable } = await ended(task);

      expect(outcome.kind).toBe("out-of-memory");
      expect(outcome.message).toMatch(/^out-of-memory: used \S+MB of 150MB; raise resources\.memory$/);
      expect(isRestartable).toBe(false);
    });

    test("ends a task that runs longer than it may", async () => {
      const task = await launch(shell("hangs", "sleep 1000", { maxDurationMs: 100 }));

      expect((await ended(task)).outcome).toMatchObject({
        kind: "out-of-time",
        message: "out-of-time: ran for more than 100ms; raise maxDuration, or make it faster",
      });
    });

    test("tells a kill from outside, after which the task may start again", async () => {
      const task = await launch(shell("killed", "echo pid:$$; sleep 1000"));
      process.kill(Number(await printed(task, /pid:(\d+)\n/)), "SIGKILL");

      expect(await ended(task)).toMatchObject({ outcome: { kind: "signalled" }, isRestartable: true });
    });

    test("tells a stop of its whole machine, which nobody asked for this task, from a request to stop it", async () => {
      const task = await launch(
        shell("machine-stops", "trap 'exit 0' TERM; echo ready:1; while :; do sleep 0.02; done"),
      );
      await printed(task, /ready:(1)/);
      setup.signalSupervisor(driver, task, "SIGTERM");

      expect(await ended(task)).toMatchObject({ wasShutDown: true, wasStopped: false, isRestartable: false });
    });

    test("tells a stop of its whole machine also when the program's end is heard first", async () => {
      const task = await launch(
        shell("machine-stops-all", "trap 'exit 0' TERM; echo pid:$$; while :; do sleep 0.02; done"),
      );
      const pid = Number(await printed(task, /pid:(\d+)\n/));
      setup.signalSupervisor(driver, task, "SIGSTOP");
      process.kill(pid, "SIGTERM");
      await until("the program has ended", () => !isRunning(pid));
      setup.signalSupervisor(driver, task, "SIGTERM");
      setup.signalSupervisor(driver, task, "SIGCONT");

      expect(await ended(task)).toMatchObject({ wasShutDown: true, wasStopped: false });
    });

    test("ends what a finished task left behind", async () => {
      const task = await launch(shell("leaves", "sleep 1000 & echo left:$!"));
      const pid = Number(await printed(task, /left:(\d+)\n/));

      expect((await ended(task)).outcome).toMatchObject({ kind: "exited", exitCode: 0 });
      expect(isRunning(pid)).toBe(false);
    });

    test("goes on with a running task in a new driver, and reports its end truly", async () => {
      const release = join(folder, "release");
      const task = await launch(shell("adopted", `while [ ! -e ${release} ]; do sleep 0.02; done; exit 7`));
      await driver.close();
      driver = setup.open(join(folder, "tasks"));
      const changed = new Promise<TaskRef>((resolve) => driver.onChange(resolve));

      expect((await driver.observe(task)).kind).toBe("running");
      await writeFile(release, "");
      expect(await changed).toMatchObject({ id: task.id, attempt: 1 });
      expect((await ended(task)).outcome).toMatchObject({ kind: "exited", exitCode: 7 });
    });

    test("kills what a dead supervisor left and calls the task lost, once and for all", async () => {
      const task = await launch(shell("orphaned", "echo pid:$$; setsid sleep 1000 & sleep 1000"));
      const pid = Number(await printed(task, /pid:(\d+)\n/));
      setup.signalSupervisor(driver, task, "SIGKILL");

      expect(await ended(task)).toMatchObject({ outcome: { kind: "lost" }, isRestartable: true });
      expect(isRunning(pid)).toBe(false);
      expect((await driver.observe(task)).kind).toBe("ended");
    });

    test("starts each attempt anew", async () => {
      const first = await launch(shell("again", "exit 1"));
      await ended(first);
      const second = await launch({ ...shell("again", "exit 0"), attempt: 2 });

      expect((await ended(second)).outcome).toMatchObject({ exitCode: 0 });
      expect((await ended(first)).outcome).toMatchObject({ exitCode: 1 });
    });

    test("gives a log in pieces and finds its last lines", async () => {
      const task = await launch(shell("talks", "seq 1 100000"));
      await ended(task);
      const tail = await driver.findTail(task, "stdout", 3);
      const first = await driver.readLog(task, "stdout", 0, 4);

      expect(new TextDecoder().decode((await driver.readLog(task, "stdout", tail, 1e6)).bytes)).toBe(
        "99998\n99999\n100000\n",
      );
      expect(new TextDecoder().decode(first.bytes)).toBe("1\n2\n");
      expect(new TextDecoder().decode((await driver.readLog(task, "stdout", first.next, 2)).bytes)).toBe("3\n");
      expect((await driver.readLog({ id: "unknown", attempt: 1 }, "stdout", 0, 10)).bytes).toHaveLength(0);
    });

    test("knows nothing of a task that was never launched", async () => {
      const unknown: TaskObservation = { kind: "absent" };

      expect(await driver.observe({ id: "unknown", attempt: 1 })).toEqual(unknown);
      expect(driver.taskFolder({ id: "unknown", attempt: 1 })).toBeNull();
      await driver.stop({ id: "unknown", attempt: 1 });
      expect(existsSync(join(folder, "tasks", "unknown"))).toBe(false);
    });

    test("finds a machine with CPUs and memory", async () => {
      const nodes = await driver.nodes(never);

      expect(nodes.length).toBeGreaterThan(0);
      expect(nodes.every((node) => node.cpus > 0 && node.memory > 0)).toBe(true);
    });
  });
}
