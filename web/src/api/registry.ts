import { useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import type { Approval, ModelVersionDetail, Verdict } from "../../../src/registry/model.ts";
import type { LineageEdge, LineageNode } from "../charts/lineage-layout.ts";
import { getJson, postJson, withQuery } from "./client.ts";
import { type Fields, fieldsOf, itemsOf } from "./reading.ts";
import { acrossProjects, projectPath } from "./resources.ts";

/** A model version with the gate's verdict and what people said; lists leave both out. */
export type VersionRow = ModelVersionDetail;

const versionStates: readonly ModelVersionDetail["state"][] = [
  "candidate",
  "rejected",
  "passed",
  "approved",
  "retired",
];

function readLineage(fields: Fields): ModelVersionDetail["lineage"] {
  const set = fields.fieldsOrNull("trainingSet");
  return {
    trainingJob: fields.textOr("trainingJob", ""),
    runId: fields.textOr("runId", ""),
    workload: fields.textOr("workload", ""),
    codeHash: fields.textOr("codeHash", ""),
    trainingSet:
      set === null
        ? null
        : {
            id: set.textOr("id", ""),
            fingerprint: set.textOr("fingerprint", ""),
            rows: set.numberOr("rows", 0),
            from: set.numberOr("from", 0),
            to: set.numberOr("to", 0),
          },
    datasets: [...fields.texts("datasets")],
    featureViews: [...fields.texts("featureViews")],
    startedBy: fields.textOr("startedBy", ""),
  };
}

const decisions: readonly Approval["decision"][] = ["approved", "overridden", "rejected"];

function readApproval(fields: Fields): Approval {
  return {
    identity: fields.textOr("identity", ""),
    decision: decisions.find((each) => each === fields.textOr("decision", "")) ?? "approved",
    comment: fields.textOr("comment", ""),
    at: fields.numberOr("at", 0),
  };
}

function readVerdict(fields: Fields): Verdict {
  return {
    evaluation: fields.textOr("evaluation", ""),
    passed: fields.flag("passed"),
    message: fields.textOr("message", ""),
    at: fields.numberOr("at", 0),
  };
}

/** Reads a model version. */
export function readVersion(fields: Fields): VersionRow {
  const verdict = fields.fieldsOrNull("verdict");
  return {
    id: fields.text("id"),
    project: fields.textOr("project", ""),
    model: fields.textOr("model", ""),
    version: fields.numberOr("version", null),
    state: versionStates.find((state) => state === fields.textOr("state", "")) ?? "candidate",
    objectKey: fields.textOr("objectKey", ""),
    sha256: fields.textOr("sha256", ""),
    inputs: [...fields.texts("inputs")],
    lineage: readLineage(fields.fields("lineage")),
    registeredBy: fields.textOr("registeredBy", ""),
    registeredAt: fields.numberOr("registeredAt", 0),
    aliases: [...fields.texts("aliases")],
    metrics: fields.numbersByName("metrics"),
    verdict: verdict === null ? null : readVerdict(verdict),
    approvals: [...fields.list("approvals", readApproval)],
    approvalsRequired: fields.numberOr("approvalsRequired", 1),
  };
}

/** Versions of one model, or of all models that the key may read, the newest first. */
export function useModelVersions(project: string | undefined, model?: string): UseQueryResult<readonly VersionRow[]> {
  return useQuery({
    queryKey: ["model-versions", "list", project ?? "*", model ?? "*"],
    queryFn: async ({ signal }) => {
      const versions = await acrossProjects(project, signal, (each) =>
        getJson(withQuery(`${projectPath(each)}/model-versions`, { model }), itemsOf(readVersion), signal),
      );
      return versions.toSorted((left, right) => right.registeredAt - left.registeredAt);
    },
  });
}

/** One model version. */
export function useModelVersion(project: string, id: string): UseQueryResult<VersionRow> {
  return useQuery({
    queryKey: ["model-versions", "one", project, id],
    queryFn: ({ signal }) =>
      getJson(
        `${projectPath(project)}/model-versions/${encodeURIComponent(id)}`,
        (value) => readVersion(fieldsOf(value, "version")),
        signal,
      ),
  });
}

/** What a version came from and what came of it. */
export interface LineagePicture {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
}

/** The lineage of a version as nodes and edges. */
export function useLineage(project: string, id: string): UseQueryResult<LineagePicture> {
  return useQuery({
    queryKey: ["model-versions", "lineage", project, id],
    queryFn: ({ signal }) =>
      getJson(
        `${projectPath(project)}/model-versions/${encodeURIComponent(id)}/lineage`,
        (value) => {
          const fields = fieldsOf(value, "lineage");
          return {
            nodes: fields.list("nodes", (node) => ({
              id: node.text("id"),
              kind: node.textOr("kind", ""),
              label: node.textOr("label", ""),
              note: node.textOr("detail", ""),
            })),
            edges: fields.list("edges", (edge) => ({ from: edge.text("from"), to: edge.text("to") })),
          };
        },
        signal,
      ),
  });
}

/** What a person decides about a version; an override says why the gate's verdict does not count. */
export type Decision =
  | { readonly kind: "approve"; readonly comment: string }
  | { readonly kind: "override"; readonly reason: string }
  | { readonly kind: "reject"; readonly reason: string };

function bodyOf(decision: Decision): unknown {
  if (decision.kind === "approve") return { comment: decision.comment };
  if (decision.kind === "override") return { override: true, reason: decision.reason };
  return { reason: decision.reason };
}

/** Approves or rejects a version. */
export function useDecision(project: string, id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (decision: Decision) => {
      const action = decision.kind === "reject" ? "reject" : "approve";
      const path = `${projectPath(project)}/model-versions/${encodeURIComponent(id)}/${action}`;
      return postJson(path, bodyOf(decision), (value) => value);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["model-versions"] }),
  });
}
