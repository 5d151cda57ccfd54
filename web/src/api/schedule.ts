import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { getJson, withQuery } from "./client.ts";
import { shortName } from "../words/short-name.ts";
import { type Fields, fieldsOf } from "./reading.ts";

/** A stretch of time on a node. Moments are milliseconds since 1970. */
export interface NodeSpan {
  readonly kind: "running" | "planned" | "reserved";
  readonly start: number;
  /** When it is reckoned to end; null: never by itself. */
  readonly end: number | null;
  /** The workload's id, or the reservation's; empty for a workload that the key may not read. */
  readonly id: string;
  readonly name: string;
  /** null for a reservation, and for a workload that the key may not read. */
  readonly project: string | null;
  readonly gpuIndices: readonly number[];
  /** Thousandths of GPUs, all together. */
  readonly gpuMillis: number;
  /** Whether a planned start is one that room was made for. */
  readonly isHeld: boolean;
}

/** A node with what runs there, what is planned and what is set aside. */
export interface NodeSchedule {
  readonly pool: string;
  readonly node: string;
  readonly gpus: number;
  readonly gpuModel: string | null;
  readonly spans: readonly NodeSpan[];
}

/** The planned future of every node. */
export interface Schedule {
  /** When it was asked for. */
  readonly from: number;
  readonly to: number;
  readonly nodes: readonly NodeSchedule[];
}

const refreshMs = 5_000;

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
