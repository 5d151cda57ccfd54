import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { NodeSchedule, NodeSpan } from "../../../src/scheduling/live/model.ts";
import { getJson, withQuery } from "./client.ts";
import { shortName } from "../words/short-name.ts";
import { type Fields, fieldsOf } from "./reading.ts";

/** The planned future of every node. */
export interface Schedule {
  /** When it was asked for. */
  readonly from: number;
  readonly to: number;
  readonly nodes: readonly NodeSchedule[];
}

/** Events ask for it again; this is for what no event tells, and for a stream that is lost. */
const refreshMs = 60_000;

function readSpan(fields: Fields): NodeSpan {
  const kind = fields.textOr("kind", "running");
  return {
    kind: kind === "planned" || kind === "reserved" ? kind : "running",
    start: fields.number("start"),
    end: fields.numberOr("end", null),
    id: fields.textOr("id", ""),
    name: shortName(fields.textOr("name", "")),
    project: fields.textOr("project", null),
    gpuIndices: fields.numbers("gpuIndices"),
    gpuMillis: fields.numberOr("gpuMillis", 0),
    isHeld: fields.flag("isHeld"),
  };
}

function readNode(fields: Fields): NodeSchedule {
  return {
    pool: fields.textOr("pool", ""),
    node: fields.text("node"),
    gpus: fields.numberOr("gpus", 0),
    gpuModel: fields.textOr("gpuModel", null),
    spans: fields.list("spans", readSpan),
  };
}

/** What runs and what is planned on each node, for so many hours from now on; the last answer stays while it asks. */
export function useSchedule(hours: number): UseQueryResult<Schedule> {
  return useQuery({
    queryKey: ["schedule", hours],
    queryFn: ({ signal }) =>
      getJson(
        withQuery("/api/v1/schedule", { hours }),
        (value) => {
          const fields = fieldsOf(value, "schedule");
          return { from: fields.number("from"), to: fields.number("to"), nodes: fields.list("nodes", readNode) };
        },
        signal,
      ),
    refetchInterval: refreshMs,
    placeholderData: keepPreviousData,
  });
}
