import { useParams } from "@tanstack/react-router";
import { fieldsOf } from "../api/reading.ts";

/** What the path of the address names: a project and, by page, a resource's name, a version or a run. */
export interface Place {
  readonly project: string;
  readonly name: string;
  readonly version: string;
  readonly runId: string;
}

/** What the path of the address names; parts that the page's path lacks are empty. */
export function usePlace(): Place {
  const parameters: unknown = useParams({ strict: false });
  const fields = fieldsOf(parameters, "address");
  return {
    project: fields.textOr("project", ""),
    name: fields.textOr("name", ""),
    version: fields.textOr("version", ""),
    runId: fields.textOr("runId", ""),
  };
}
