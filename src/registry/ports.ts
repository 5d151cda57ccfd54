import type { Instant } from "../base/clock.ts";

/** Where a model came from, whole: enough to make it again. */
export interface Lineage {
  readonly trainingJob: string;
  readonly runId: string;
  readonly workload: string;
  /** SHA-256 of the code snapshot. */
  readonly codeHash: string;
  /** The rows that it learnt from; null where nobody said, as for most language models. */
  readonly trainingSet: {
    readonly id: string;
    readonly fingerprint: string;
    readonly rows: number;
    readonly from: Instant;
    readonly to: Instant;
  } | null;
  /** `dataset@version` of every input. */
  readonly datasets: readonly string[];
  readonly featureViews: readonly string[];
  /** What asked for the training: `user:<name>` or `drift-monitor:<name>`. */
  readonly startedBy: string;
}

/** `candidate` waits for its evaluation; `passed` waits for approval; only `approved` versions may serve. */
export type VersionState = "candidate" | "rejected" | "passed" | "approved" | "retired";

export interface ModelVersion {
  /** Stable id, given by the registrant: registering it again changes nothing. */
  readonly id: string;
  readonly project: string;
  readonly model: string;
  /** 1, 2, ... given when the evaluation passed (or was overridden); null before. */
  readonly version: number | null;
  readonly state: VersionState;
  /** Object-store key of the model's file. */
  readonly objectKey: string;
  readonly sha256: string;
  /** Input columns in the model's order: from the request or from a feature view. Empty of a model that takes no rows. */
  readonly inputs: readonly string[];
  readonly lineage: Lineage;
  readonly registeredBy: string;
  readonly registeredAt: Instant;
  /** Names of aliases that point here: `champion`, `candidate`. */
  readonly aliases: readonly string[];
  /** Free figures of the evaluation: auc, baselineAuc, ... */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What rooms above ask of the registry. Every change is an event `{kind: "ModelVersion", name: id}`. */
export interface ModelRegistry {
  /** Registers a candidate; idempotent by id. */
  register(
    candidate: Omit<ModelVersion, "version" | "state" | "aliases" | "metrics" | "registeredAt">,
  ): Promise<ModelVersion>;
  get(id: string): Promise<ModelVersion | undefined>;
  list(project: string, model: string): Promise<readonly ModelVersion[]>;
  byAlias(project: string, model: string, alias: string): Promise<ModelVersion | undefined>;
  /** The gate's verdict: passed gives the version its number, failed rejects it. Idempotent. */
  recordEvaluation(
    id: string,
    verdict: {
      readonly passed: boolean;
      readonly metrics: Readonly<Record<string, number>>;
      readonly evaluation: string;
      readonly message: string;
      readonly actor: string;
    },
  ): Promise<ModelVersion>;
  /** Points an alias at an approved version; moves it if it pointed elsewhere. */
  setAlias(id: string, alias: string, actor: string, why: string): Promise<void>;
  removeAlias(project: string, model: string, alias: string, actor: string, why: string): Promise<void>;
}

/** Something that serves a version, for the lineage graph. */
export interface ModelUse {
  readonly name: string;
  /** What part it serves, such as `champion, 100 %`. */
  readonly detail: string;
}

/** What the registry asks of rooms above it. */
export interface ModelUses {
  /** The deployments in which this version takes part now. */
  usesOf(version: ModelVersion): Promise<readonly ModelUse[]>;
}
