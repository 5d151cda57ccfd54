import { Fault } from "../../base/fault.ts";
import { migProfiles } from "./mig-profile.ts";
import { nodeGpusMax } from "./node-room.ts";
import { type AdvanceReservation, type EngineNode, type EnginePool, type WorkItem, wholeGpu } from "./model.ts";

/** The most members that one workload may have. */
const membersMax = 65_536;
/** Larger amounts are a slip of the pen: 2^50 bytes are a petabyte. */
const amountMax = 2 ** 50;

/** @throws {Fault} `scheduling.request-invalid` naming the first thing that no workload may ask. */
export function checkItem(item: WorkItem): void {
  const { shape, members, topology, limitMs, pools, priority, submittedAt } = item;
  const refuse = (wanted: string): never => {
    throw new Fault("scheduling.request-invalid", `${item.name}: ${wanted}`, { details: { id: item.id } });
  };
  if (pools.length === 0) refuse("names no pool; name at least one");
  if (!Number.isFinite(priority)) refuse(`priority is ${priority}; give a number`);
  if (!Number.isFinite(submittedAt)) refuse(`was submitted at ${submittedAt}; give milliseconds since 1970`);
  if (!isWhole(members.min, 1, membersMax) || !isWhole(members.max, members.min, membersMax)) {
    refuse(`asks for ${members.min} to ${members.max} members; ask for 1 to ${membersMax}, the smaller number first`);
  }
  if (limitMs !== null && !(limitMs > 0)) refuse(`has a time limit of ${limitMs}ms; give one above 0, or none`);
  const slice = topology?.slice;
  if (slice !== undefined && (!isWhole(slice.size, 1, members.max) || members.min % slice.size !== 0)) {
    refuse(`asks for slices of ${slice.size} of ${members.min} members; a slice must divide them evenly`);
  }
  const problem =
    gpuProblem(shape.gpu) ?? amountProblem("cpuMillis", shape.cpuMillis) ?? amountProblem("memory", shape.memory);
  if (problem !== null) refuse(problem);
  for (const [name, amount] of Object.entries(shape.custom ?? {})) {
    const custom = amountProblem(name, amount);
    if (custom !== null) refuse(custom);
  }
}

function gpuProblem(gpu: WorkItem["shape"]["gpu"]): string | null {
  switch (gpu.kind) {
    case "none":
      return null;
    case "whole":
      return isWhole(gpu.count, 1, nodeGpusMax)
        ? null
        : `asks for ${gpu.count} GPUs; ask for 1 to ${nodeGpusMax} per member`;
    case "share":
      return isWhole(gpu.millis, 1, wholeGpu - 1)
        ? null
        : `asks for ${gpu.millis} thousandths of a GPU; ask for 1 to ${wholeGpu - 1}, or for whole GPUs`;
    case "mig":
      return migProfiles.includes(gpu.profile)
        ? null
        : `asks for the MIG profile ${gpu.profile}; there are ${migProfiles.join(", ")}`;
  }
}

function amountProblem(name: string, amount: number): string | null {
  return isWhole(amount, 0, amountMax) ? null : `asks for ${amount} of ${name}; give a whole number from 0 on`;
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

/** @throws {Fault} `scheduling.topology-invalid` when the pool or the node is not as described. */
export function checkNode(node: EngineNode, pool: EnginePool | undefined): void {
  const refuse = (wanted: string): never => {
    throw new Fault("scheduling.topology-invalid", `node ${node.id} ${wanted}`, { details: { node: node.id } });
  };
  if (pool === undefined) refuse(`is in pool ${node.pool}, and there is no such pool; declare the pool first`);
  else if (node.domains.length !== pool.levels.length) {
    refuse(
      `names ${node.domains.length} domains, and pool ${node.pool} has ${pool.levels.length} levels ` +
        `(${pool.levels.join(", ")}); name one domain for each level`,
    );
  }
  if (!isWhole(node.gpus, 0, nodeGpusMax)) refuse(`has ${node.gpus} GPUs; give a whole number up to ${nodeGpusMax}`);
  if (node.gpus > 0 && node.gpuModel === null) refuse("has GPUs of no model; name the model");
  for (const [name, amount] of Object.entries({ cpuMillis: node.cpuMillis, memory: node.memory, ...node.custom })) {
    if (!isWhole(amount, 0, amountMax)) refuse(`has ${amount} of ${name}; give a whole number from 0 on`);
  }
}

/** @throws {Fault} `scheduling.topology-invalid` when a level is named twice, or `node`, which every pool has. */
export function checkPool(pool: EnginePool): void {
  const names = [...pool.levels, "node"];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new Fault(
      "scheduling.topology-invalid",
      `pool ${pool.id} names the level ${twice} twice; every pool ends with node`,
    );
  }
  if (!isWhole(pool.floorMillis, 0, amountMax)) {
    throw new Fault(
      "scheduling.topology-invalid",
      `pool ${pool.id} has a floor of ${pool.floorMillis}; give milli-GPUs from 0 on`,
    );
  }
}

/** @throws {Fault} `scheduling.reservation-invalid` when it ends before it begins, or names a node that is not there. */
export function checkReservation(reservation: AdvanceReservation, isNode: (id: string) => boolean): void {
  const { id, start, end, nodes } = reservation;
  const refuse = (wanted: string): never => {
    throw new Fault("scheduling.reservation-invalid", `reservation ${id} ${wanted}`, { details: { id } });
  };
  if (!(end > start)) refuse(`ends at ${end} and begins at ${start}; let it end after it begins`);
  if (nodes.length === 0) refuse("names no node; name at least one");
  const unknown = nodes.find((node) => !isNode(node));
  if (unknown !== undefined) refuse(`names node ${unknown}, and there is no such node`);
}
