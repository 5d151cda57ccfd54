import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getJson, postJson } from "./client.ts";
import { fieldsOf } from "./reading.ts";
import { projectPath, readResource } from "./resources.ts";

type Spec = Readonly<Record<string, unknown>>;

/** The training job whose spec is to be changed. */
export interface TrainingJobName {
  readonly project: string;
  readonly name: string;
}

/**
 * Changes a training job's spec: reads it, lets `edit` change it, and applies it at the version that was read, so that
 * nobody's change in between is lost.
 */
export function useTrainingJobEdit({ project, name }: TrainingJobName) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (edit: (spec: Spec) => Spec | null) => {
      const path = `${projectPath(project)}/training-jobs/${encodeURIComponent(name)}`;
      const job = await getJson(path, (value) => readResource(fieldsOf(value, "training job")));
      const spec = edit(Object.fromEntries(job.spec.names().map((member) => [member, job.spec.value(member)])));
      if (spec === null) throw new Error("a training job has no member for this; submit a changed workload instead");
      const { kind, labels, version } = job;
      return await postJson(
        "/api/v1/apply",
        { manifests: [{ kind, project, name, labels, spec, version }] },
        () => name,
      );
    },
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: ["queue"] });
      await queries.invalidateQueries({ queryKey: ["training-jobs"] });
    },
  });
}
