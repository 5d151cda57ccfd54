import { formatMemory } from "../../base/units.ts";
import { migMillis } from "../engine/mig-profile.ts";
import type { EngineNode, Shape } from "../engine/model.ts";
import { couldHost } from "../engine/node-state.ts";
import type { Obstacle } from "./model.ts";
import { count, cpusOf, partWith, wordsOfGpus, wordsOfList } from "./words.ts";

/** Why none of these nodes could ever host such a member: GPU model, GPUs, CPUs, memory, custom resources, labels. */
export function findMisfit(shape: Shape, nodes: readonly EngineNode[], pool: string): Obstacle {
  return (
    findGpuMisfit(shape, nodes, pool) ??
    findAmountMisfit(shape, nodes, pool) ??
    findLabelMisfit(shape, nodes, pool) ?? {
      code: "no-node-fits",
      pool,
      sentence: "no single node has all of what it asks for",
      changes: ["ask for less memory, CPUs or GPUs", "choose another pool"],
    }
  );
}

function findGpuMisfit({ gpu, gpuModels }: Shape, nodes: readonly EngineNode[], pool: string): Obstacle | null {
  if (gpu.kind === "none") return null;
  const withGpus = nodes.filter((node) => node.gpuModel !== null && node.gpus > 0);
  const models = [...new Set(withGpus.flatMap((node) => node.gpuModel ?? []))].toSorted();
  const wanted = withGpus.filter((node) => gpuModels.length === 0 || gpuModels.includes(node.gpuModel ?? ""));
  if (withGpus.length > 0 && wanted.length === 0) {
    return {
      code: "no-such-gpu-model",
      pool,
      sentence: `it asks for ${gpuModels.join(" or ")} GPUs, and pool ${pool} has ${wordsOfList(models)}`,
      changes: [`ask for ${models.join(" or ")}`, "choose another pool"],
    };
  }
  if (gpu.kind === "mig" && withGpus.length > 0) return findSliceMisfit(gpu.profile, wanted, pool);
  const uncut = wanted.filter((node) => node.isMig !== true);
  const most = Math.max(0, ...uncut.map((node) => node.gpus));
  if (most >= (gpu.kind === "whole" ? gpu.count : 1)) return null;
  const isCut = wanted.length > 0 && uncut.length === 0;
  const found = isCut
    ? "all its GPUs are cut into slices"
    : most === 0
      ? "no node has any"
      : `no node has more than ${most}`;
  return {
    code: "too-many-gpus",
    pool,
    sentence: `it asks for ${wordsOfGpus(gpu, gpuModels)}, and ${found} in pool ${pool}`,
    changes: [most === 0 ? "ask for no GPUs" : `ask for at most ${count(most, "GPU")}`, "choose another pool"],
  };
}

function findSliceMisfit(profile: string, nodes: readonly EngineNode[], pool: string): Obstacle | null {
  if (migMillis(profile) > 0 && nodes.some((node) => node.isMig === true)) return null;
  const found = migMillis(profile) === 0 ? "there is no such profile" : `no GPU of pool ${pool} is cut into slices`;
  return {
    code: "no-such-gpu-model",
    pool,
    sentence: `it asks for ${wordsOfGpus({ kind: "mig", profile })}, and ${found}`,
    changes: ["ask for a part of a GPU or a whole one", "choose another pool"],
  };
}

function findAmountMisfit(shape: Shape, nodes: readonly EngineNode[], pool: string): Obstacle | null {
  const cpus = Math.max(0, ...nodes.map((node) => node.cpuMillis));
  if (shape.cpuMillis > cpus) {
    return {
      code: "too-many-cpus",
      pool,
      sentence: `it asks for ${count(cpusOf(shape.cpuMillis), "CPU")}, and no node of pool ${pool} has more than ${cpusOf(cpus)}`,
      changes: [`ask for at most ${count(cpusOf(cpus), "CPU")}`, "choose another pool"],
    };
  }
  const memory = Math.max(0, ...nodes.map((node) => node.memory));
  if (shape.memory > memory) {
    return {
      code: "too-much-memory",
      pool,
      sentence: `it asks for ${formatMemory(shape.memory)} of memory, and no node of pool ${pool} has more than ${formatMemory(memory, shape.memory)}`,
      changes: [`ask for at most ${formatMemory(memory, shape.memory)} of memory`, "choose another pool"],
    };
  }
  for (const [name, asked] of Object.entries(shape.custom ?? {})) {
    const most = Math.max(0, ...nodes.map((node) => node.custom?.[name] ?? 0));
    if (asked <= most) continue;
    return {
      code: "too-much-custom",
      pool,
      sentence: `it asks for ${asked} of ${name}, and no node of pool ${pool} has more than ${most}`,
      changes: [most === 0 ? `ask for no ${name}` : `ask for at most ${most} of ${name}`, "choose another pool"],
    };
  }
  return null;
}

function findLabelMisfit(shape: Shape, nodes: readonly EngineNode[], pool: string): Obstacle | null {
  const { nodeLabels: _, ...unlabelled } = shape;
  const labels = Object.entries(shape.nodeLabels ?? {});
  const hosts = nodes.filter((node) => couldHost(unlabelled, { ...node, taints: [] }));
  if (hosts.length === 0) return null;
  const those = `of pool ${pool} that could run it`;
  const labelled = hosts.filter((node) => labels.every(([name, value]) => node.labels?.[name] === value));
  if (labelled.length === 0) {
    const asked = labels.map(([name, value]) => `${name}=${value}`).join(" and ");
    return {
      code: "label-or-taint",
      pool,
      sentence: `it asks for nodes labelled ${asked}, and ${hosts.length === 1 ? `the one node ${those} is not` : `none of the ${count(hosts.length, "node")} ${those} is`}`,
      changes: [`label nodes of pool ${pool} ${asked}`, "ask for no such label", "choose another pool"],
    };
  }
  const missing = [...new Set(labelled.flatMap((node) => node.taints ?? []))].filter(
    (taint) => shape.tolerations?.includes(taint) !== true,
  );
  return {
    code: "label-or-taint",
    pool,
    sentence: `${partWith(hosts.length, hosts.length, { noun: "node", which: `${those} only` }, "takes")} workloads that tolerate ${wordsOfList(missing.toSorted())}`,
    changes: [`tolerate ${missing.toSorted().join(" and ")}`, "choose another pool"],
  };
}
