import type { HeldGpu, TaskLaunch } from "../ports.ts";
import { taskEnvironment, type Variables } from "./task-environment.ts";

/** Where the members of a task meet: one machine, so its own address. */
const meetingAddress = "127.0.0.1";

/**
 * The environment of each member of a task, the first one's first.
 *
 * Several members are told their rank and where they meet in the names that `torchrun` uses. As there, members of one whole
 * GPU each see all of these, and `LOCAL_RANK` is the index of their own; any others see only what they hold.
 *
 * @param port where the members meet; not looked at for a single one.
 */
export function memberEnvironments(
  host: Variables,
  task: TaskLaunch,
  folder: string,
  port: number,
): readonly Record<string, string>[] {
  const { memberGpus } = task;
  if (memberGpus === undefined || memberGpus.length < 2) return [taskEnvironment(host, task, folder)];
  const isOneEach = hasOneEach(memberGpus);
  return memberGpus.map((own, rank) => ({
    ...taskEnvironment(host, { ...task, gpus: isOneEach ? memberGpus.flat() : own }, folder),
    ...rankVariables(rank, memberGpus.length, port),
  }));
}

/** Whether every member holds one whole real GPU, none of them the same. */
function hasOneEach(memberGpus: readonly (readonly HeldGpu[])[]): boolean {
  const gpus = memberGpus.flat();
  return (
    memberGpus.every((own) => own.length === 1) &&
    gpus.every(({ simulated, millis }) => !simulated && millis === 1000) &&
    new Set(gpus.map(({ device }) => device)).size === gpus.length
  );
}

function rankVariables(rank: number, members: number, port: number): Record<string, string> {
  return {
    RANK: String(rank),
    LOCAL_RANK: String(rank),
    NODE_RANK: "0",
    GROUP_RANK: "0",
    WORLD_SIZE: String(members),
    LOCAL_WORLD_SIZE: String(members),
    MASTER_ADDR: meetingAddress,
    MASTER_PORT: String(port),
  };
}
