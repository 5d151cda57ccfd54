import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { StartChange, WhatIfAnswer } from "../../../src/scheduling/what-if/model.ts";
import { postJson } from "./client.ts";
import { shortName } from "../words/short-name.ts";
import { type Fields, fieldsOf } from "./reading.ts";

function readStartChange(fields: Fields): StartChange {
  return {
    id: fields.textOr("id", ""),
    name: shortName(fields.textOr("name", "")),
    project: fields.textOr("project", null),
    before: fields.numberOr("before", null),
    after: fields.numberOr("after", null),
  };
}

function readAnswer(value: unknown): WhatIfAnswer {
  const fields = fieldsOf(value, "what-if");
  return {
    at: fields.number("at"),
    sooner: [...fields.list("sooner", readStartChange)],
    later: [...fields.list("later", readStartChange)],
    submitted: [...fields.list("submitted", readStartChange)],
    unchanged: fields.numberOr("unchanged", 0),
    problems: [...fields.texts("problems")],
  };
}

/**
 * What a change would do, tried out on a copy; null asks nothing. Asked once for each change, and anew by `refetch`:
 * both worlds are planned for it, which is not cheap.
 */
export function useWhatIf(change: Readonly<Record<string, unknown>> | null): UseQueryResult<WhatIfAnswer> {
  return useQuery({
    queryKey: ["what-if", JSON.stringify(change)],
    queryFn: () => postJson("/api/v1/whatif", change, readAnswer),
    enabled: change !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
