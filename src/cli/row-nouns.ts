import type { Noun } from "./noun.ts";

/** What rooms keep in tables of their own and `get` lists all the same. */
export const rowNouns: readonly Noun[] = [
  {
    kind: "Workload",
    plural: "workloads",
    aliases: ["wl"],
    scope: "project",
    isRow: true,
    isListedEverywhere: true,
    columns: [
      { heading: "STATE", path: "state" },
      { heading: "PURPOSE", path: "purpose" },
      { heading: "OWNER", path: "owner.name" },
      { heading: "POOL", path: "pool" },
      { heading: "GPUS", path: "resources.gpus", format: "count" },
      { heading: "PHASE", path: "phase" },
      { heading: "NODE", path: "node", isWide: true },
      { heading: "ATTEMPT", path: "attempt", format: "count", isWide: true },
      { heading: "AGE", path: "queuedAt", format: "age" },
    ],
  },
  {
    kind: "ModelVersion",
    plural: "model-versions",
    aliases: ["mv", "version", "versions"],
    scope: "project",
    isRow: true,
    isListedEverywhere: false,
    columns: [
      { heading: "MODEL", path: "model" },
      { heading: "VERSION", path: "version", format: "count" },
      { heading: "STATE", path: "state" },
      { heading: "ALIASES", path: "aliases" },
      { heading: "AUC", path: "metrics.auc", format: "ratio" },
      { heading: "JOB", path: "lineage.trainingJob" },
      { heading: "BY", path: "registeredBy", isWide: true },
      { heading: "AGE", path: "registeredAt", format: "age" },
    ],
  },
];
