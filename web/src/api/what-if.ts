import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { EvictionChange, StartChange, WhatIfAnswer, WorldTotals } from "../../../src/scheduling/forecast/model.ts";
import { shortName } from "../words/short-name.ts";
import { postJson } from "./client.ts";
import { type Fields, fieldsOf } from "./reading.ts";

const kinds: readonly StartChange["kind"][] = ["earlier", "later", "never", "at-last", "new", "cancelled", "displaced"];

function readNamed(fields: Fields): Pick<StartChange, "id" | "name" | "queue"> {
  return {
    id: fields.textOr("id", ""),
    name: shortName(fields.textOr("name", "")),
    queue: fields.textOr("queue", ""),
  };
}

function readStart(fields: Fields): StartChange {
  return {
    ...readNamed(fields),
    kind: kinds.find((kind) => kind === fields.textOr("kind", "")) ?? "later",
    before: fields.numberOr("before", null),
    after: fields.numberOr("after", null),
    shiftMs: fields.numberOr("shiftMs", null),
  };
}

function readEviction(fields: Fields): EvictionChange {
  return {
    ...readNamed(fields),
    before: fields.numberOr("before", 0),
    after: fields.numberOr("after", 0),
    lostGpuSecondsBefore: fields.numberOr("lostGpuSecondsBefore", 0),
    lostGpuSecondsAfter: fields.numberOr("lostGpuSecondsAfter", 0),
  };
}

function readTotals(fields: Fields): WorldTotals {
  return {
    started: fields.numberOr("started", 0),
    neverStarted: fields.numberOr("neverStarted", 0),
    waitMs: fields.numberOr("waitMs", 0),
    waitMsMean: fields.numberOr("waitMsMean", 0),
    gpuSecondsUsed: fields.numberOr("gpuSecondsUsed", 0),
    gpuSecondsTotal: fields.numberOr("gpuSecondsTotal", 0),
    utilisation: fields.numberOr("utilisation", 0),
    evictions: fields.numberOr("evictions", 0),
    lostGpuSeconds: fields.numberOr("lostGpuSeconds", 0),
  };
}

function readAnswer(value: unknown): WhatIfAnswer {
  const fields = fieldsOf(value, "what-if");
  return {
    at: fields.number("at"),
    until: fields.numberOr("until", 0),
    starts: fields.list("starts", readStart),
    evictions: fields.list("evictions", readEviction),
    before: readTotals(fields.fields("before")),
    after: readTotals(fields.fields("after")),
    isCutOff: fields.flag("isCutOff"),
  };
}

/**
 * What a change would do, tried out on a copy; null asks nothing. Asked once for each change, and anew by `refetch`:
 * both worlds are played forward for it, which is not cheap.
 */
export function useWhatIf(change: Readonly<Record<string, unknown>> | null): UseQueryResult<WhatIfAnswer> {
  return useQuery({
    queryKey: ["what-if", JSON.stringify(change)],
    queryFn: () => postJson("/api/v1/whatif", change, readAnswer),
    enabled: change !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
