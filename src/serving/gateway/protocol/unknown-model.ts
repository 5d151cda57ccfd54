import type { ModelRoute } from "../routing-table.ts";

/** Names that a refusal tells at most. */
const maxNamesTold = 8;

/** What is known of a project's models where a name stands for none of them. */
export interface KnownModels {
  /** The route of a deployment that speaks the OpenAI API. */
  readonly route: (deployment: string) => ModelRoute | undefined;
  /** Whether the name is that of a deployment of the Open Inference Protocol. */
  readonly takesTensors: boolean;
  /** The deployments that have an adapter of this name, where they are several. */
  readonly owners: readonly string[];
  /** The names that stand for a model. */
  readonly listed: readonly string[];
}

/** Why a name stands for no model, and what could be written instead. */
export function explainUnknownModel(name: string, project: string, known: KnownModels): string {
  const list = "list them with GET /v1/models";
  if (known.takesTensors) return `${name} takes tensors; send its requests to POST /v2/models/${name}/infer`;
  if (known.owners.length > 1) {
    const written = inWords(
      known.owners.map((owner) => `${owner}:${name}`),
      "or",
    );
    return `the adapter "${name}" is of ${inWords(known.owners, "and of")}; write ${written}`;
  }
  const [, deployment = "", separator, rest] = /^([^:@]+)([:@])(.*)$/s.exec(name) ?? [];
  const route = known.route(deployment);
  if (route !== undefined && separator === "@") {
    const versions = route.versions.filter(({ arm }) => arm !== "baseline").map(({ version }) => version);
    return `${deployment} serves the versions ${inWords(versions, "and")}, found "${rest}"; ${list}`;
  }
  if (route !== undefined) {
    const adapters = [...adaptersOf(route)];
    const has = adapters.length === 0 ? "no adapters" : `the adapters ${inWords(adapters, "and")}`;
    return `${deployment} has ${has}, found "${rest}"; ${list}`;
  }
  const told = known.listed.slice(0, maxNamesTold).join(", ");
  const more = known.listed.length > maxNamesTold ? `, and ${known.listed.length - maxNamesTold} more` : "";
  return `project ${project} has no model "${name}"; it has ${told === "" ? "none" : `${told}${more}`}; ${list}`;
}

/** The adapters of a deployment's replicas. */
export function adaptersOf(route: ModelRoute): ReadonlySet<string> {
  return new Set(route.versions.flatMap((version) => version.replicas.flatMap((replica) => replica.adapters)));
}

function inWords(names: readonly string[], last: string): string {
  const told = names.slice(0, maxNamesTold);
  return told.length < 2 ? told.join("") : `${told.slice(0, -1).join(", ")} ${last} ${told.at(-1)}`;
}
