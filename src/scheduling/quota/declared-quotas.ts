import { parseSize } from "../../base/units.ts";
import { anyModel, type QuotaSpec } from "../model.ts";
import { checkQuotaTree } from "./check-quota-tree.ts";
import type { Amounts, QuotaLimits, QuotaNode, QuotaPolicies, ResourceKey } from "./model.ts";

/** The node above all others. */
export const rootId = "platform";

/** The queue of a project. */
export function projectQueue(project: string): string {
  return `project/${project}`;
}

/** A quota as somebody declared it. */
export interface DeclaredQuota {
  readonly name: string;
  readonly spec: QuotaSpec;
}

/** Who there is, and what quotas were declared for them. */
export interface DeclaredQuotas {
  readonly quotas: readonly DeclaredQuota[];
  readonly teams: readonly string[];
  readonly projects: readonly { readonly name: string; readonly team: string }[];
  /** All there is of each resource: what no quota speaks for is everybody's to borrow. Null: there is no more. */
  readonly capacity: Amounts | null;
}

/** A tree that can be opened, and what had to be left out or mended for it, as sentences about the quotas. */
export interface DeclaredTree {
  readonly nodes: readonly QuotaNode[];
  readonly problems: readonly string[];
}

const topPolicies: QuotaPolicies = { reclaim: "any", preempt: "lower-priority" };

/**
 * Makes the quota tree of all that was declared: every project is a queue, below its team or where its quota says, and
 * every team stands below the root or where its quota says.
 *
 * The tree can always be opened. What is wrong is reported, and mended in the most harmless way: a quota that cannot be
 * used is left out, one without a parent goes to the top. Whoever accepts quotas should refuse new problems.
 */
export function toQuotaTree(declared: DeclaredQuotas): DeclaredTree {
  const { usable, problems } = sortOut(declared);
  const byId = new Map(usable.map((quota) => [nodeId(quota), quota]));
  const byName = new Map(usable.map((quota) => [quota.name, quota]));
  const teamOf = new Map(declared.projects.map((project) => [project.name, project.team]));
  const standsFor = [
    ...declared.teams.map((team) => `team/${team}`),
    ...declared.projects.map((project) => projectQueue(project.name)),
    ...usable.filter(isGroup).map(nodeId),
  ];
  const countsAny = usable.some((quota) => quota.spec.gpus[anyModel] !== undefined);
  const nodes = standsFor.map((id): QuotaNode => {
    const quota = byId.get(id);
    const above = quota?.spec.parent === undefined ? undefined : byName.get(quota.spec.parent);
    const team = id.startsWith("project/") ? teamOf.get(id.slice("project/".length)) : undefined;
    const byDefault = team === undefined || !declared.teams.includes(team) ? rootId : `team/${team}`;
    return {
      id,
      parent: above === undefined ? byDefault : nodeId(above),
      weight: quota?.spec.weight ?? 1,
      resources: quota === undefined ? {} : toResources(quota.spec, countsAny),
      policies: topPolicies,
    };
  });
  const mended = mend([toRoot(nodes, declared.capacity), ...nodes], problems, byId);
  return { nodes: inheritPolicies(mended, byId), problems };
}

/** The keys under which GPUs of a model count, of those that quotas speak of: any, and each whose name is part of it. */
export function gpuKeys(named: Iterable<ResourceKey>, model: string): readonly ResourceKey[] {
  const wanted = model.toLowerCase();
  const ofModel = [...named].filter((key) => key.startsWith("gpu:") && wanted.includes(key.slice(4).toLowerCase()));
  return ["gpu", ...ofModel.toSorted()];
}

function isGroup({ spec }: DeclaredQuota): boolean {
  return spec.team === undefined && spec.project === undefined;
}

function nodeId({ name, spec }: DeclaredQuota): string {
  if (spec.team !== undefined) return `team/${spec.team}`;
  return spec.project === undefined ? `quota/${name}` : projectQueue(spec.project);
}

/** Leaves out what stands for nobody or for somebody twice, and tells of parents that cannot be. */
function sortOut(declared: DeclaredQuotas): { usable: readonly DeclaredQuota[]; problems: string[] } {
  const problems: string[] = [];
  const usable: DeclaredQuota[] = [];
  const projects = new Map(declared.projects.map((project) => [project.name, project]));
  const owners = new Map<string, string>();
  for (const quota of declared.quotas.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    const { team, project } = quota.spec;
    const owner = owners.get(nodeId(quota));
    if (team !== undefined && project !== undefined) {
      problems.push(`quota ${quota.name} is for the team ${team} and for the project ${project}; keep one of the two`);
    } else if (team !== undefined && !declared.teams.includes(team)) {
      problems.push(
        `quota ${quota.name} is for the team ${team}, which does not exist; make the team, or name another`,
      );
    } else if (project !== undefined && !projects.has(project)) {
      problems.push(
        `quota ${quota.name} is for the project ${project}, which does not exist; make it, or name another`,
      );
    } else if (owner !== undefined) {
      problems.push(`quotas ${owner} and ${quota.name} are both for ${nodeId(quota)}; keep one of the two`);
    } else {
      owners.set(nodeId(quota), quota.name);
      usable.push(quota);
    }
  }
  const byName = new Map(usable.map((quota) => [quota.name, quota]));
  return { usable: usable.map((quota) => withoutBadParent(quota, byName, projects, problems)), problems };
}

function withoutBadParent(
  quota: DeclaredQuota,
  byName: ReadonlyMap<string, DeclaredQuota>,
  projects: ReadonlyMap<string, { readonly team: string }>,
  problems: string[],
): DeclaredQuota {
  const { parent, project, ...rest } = quota.spec;
  if (parent === undefined) return quota;
  const above = byName.get(parent);
  const team = project === undefined ? undefined : projects.get(project)?.team;
  if (above === undefined) {
    problems.push(
      `quota ${quota.name} has the parent ${parent}, but there is no such quota in use; name another or none`,
    );
  } else if (above.spec.project !== undefined) {
    problems.push(`quota ${quota.name} has the parent ${parent}, which is a project's: nothing stands below a project`);
  } else if (team !== undefined && above.spec.team !== undefined && above.spec.team !== team) {
    problems.push(
      `quota ${quota.name} has the parent ${parent} of team ${above.spec.team}, but its project is of team ${team}; leave the parent out`,
    );
  } else {
    return quota;
  }
  return { name: quota.name, spec: project === undefined ? rest : { ...rest, project } };
}

function toResources(spec: QuotaSpec, countsAny: boolean): Record<ResourceKey, QuotaLimits> {
  const resources: Record<ResourceKey, QuotaLimits> = {};
  let ofModels = 0;
  for (const [model, limits] of Object.entries(spec.gpus)) {
    if (model !== anyModel) ofModels += toMilli(limits.nominal);
    resources[model === anyModel ? "gpu" : `gpu:${model}`] = toLimits(limits, toMilli);
  }
  // Where others count GPUs of any model, a quota of models is one of any model as well.
  if (countsAny && ofModels > 0) resources["gpu"] ??= { nominal: ofModels, borrowingLimit: null, lendingLimit: null };
  if (spec.cpus !== undefined) resources["cpu"] = toLimits(spec.cpus, toMilli);
  if (spec.memory !== undefined) resources["memory"] = toLimits(spec.memory, parseSize);
  for (const [name, limits] of Object.entries(spec.others)) resources[name] = toLimits(limits, (amount) => amount);
  return resources;
}

function toMilli(amount: number): number {
  return Math.round(amount * 1000);
}

function toLimits<Amount>(
  limits: {
    readonly nominal: Amount;
    readonly borrowingLimit?: Amount | undefined;
    readonly lendingLimit?: Amount | undefined;
  },
  convert: (amount: Amount) => number,
): QuotaLimits {
  const { nominal, borrowingLimit, lendingLimit } = limits;
  return {
    nominal: convert(nominal),
    borrowingLimit: borrowingLimit === undefined ? null : convert(borrowingLimit),
    lendingLimit: lendingLimit === undefined ? null : convert(lendingLimit),
  };
}

/** The root has what there is of the resources that quotas speak of, beyond what they give away. */
function toRoot(nodes: readonly QuotaNode[], capacity: Amounts | null): QuotaNode {
  const given = new Map<ResourceKey, number>();
  for (const node of nodes) {
    for (const [key, { nominal }] of Object.entries(node.resources)) given.set(key, (given.get(key) ?? 0) + nominal);
  }
  const resources = Object.fromEntries(
    [...given].map(([key, sum]): [ResourceKey, QuotaLimits] => [
      key,
      { nominal: Math.max(0, (capacity?.[key] ?? 0) - sum), borrowingLimit: null, lendingLimit: null },
    ]),
  );
  return { id: rootId, parent: null, weight: 1, resources: capacity === null ? {} : resources, policies: topPolicies };
}

/** Rounds of mending: each mends all that one check finds, and a mended ring may show that a limit is too high. */
const roundsMax = 10;

function mend(
  given: readonly QuotaNode[],
  problems: string[],
  byId: ReadonlyMap<string, DeclaredQuota>,
): readonly QuotaNode[] {
  let nodes = given;
  for (let round = 1; round <= roundsMax; round += 1) {
    const violations = checkQuotaTree(nodes);
    if (violations.length === 0) return nodes;
    for (const { node, message } of violations) problems.push(`quota ${byId.get(node)?.name ?? node}: ${message}`);
    const codes = new Map(violations.map((violation) => [violation.node, violation.code]));
    nodes = nodes.map((node) => {
      const code = codes.get(node.id);
      if (code === undefined || node.id === rootId) return node;
      if (code === "cycle" || code === "too-deep") return { ...node, parent: rootId };
      return { ...node, weight: 1, resources: code === "lends-too-much" ? lendAll(node) : {} };
    });
  }
  return nodes.map((node) => ({ ...node, parent: node.id === rootId ? null : rootId, weight: 1, resources: {} }));
}

/** A lending limit above what there is to lend is none. */
function lendAll(node: QuotaNode): QuotaNode["resources"] {
  return Object.fromEntries(
    Object.entries(node.resources).map(([key, limits]) => [key, { ...limits, lendingLimit: null }]),
  );
}

function inheritPolicies(nodes: readonly QuotaNode[], byId: ReadonlyMap<string, DeclaredQuota>): readonly QuotaNode[] {
  const parents = new Map(nodes.map((node) => [node.id, node.parent]));
  const find = <Policy extends keyof QuotaPolicies>(id: string, policy: Policy): QuotaPolicies[Policy] => {
    for (let at: string | null = id; at !== null; at = parents.get(at) ?? null) {
      const own = byId.get(at)?.spec.policies[policy];
      if (own !== undefined) return own;
    }
    return topPolicies[policy];
  };
  return nodes.map((node) => ({
    ...node,
    policies: { reclaim: find(node.id, "reclaim"), preempt: find(node.id, "preempt") },
  }));
}
