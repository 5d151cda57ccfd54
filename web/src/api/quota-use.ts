import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { QuotaUse, ResourceUse } from "../../../src/scheduling/live/model.ts";
import { getJson } from "./client.ts";
import { type Fields, itemsOf } from "./reading.ts";

/** Events ask for it again; this is for what no event tells, and for a stream that is lost. */
const refreshMs = 60_000;

function readResourceUse(fields: Fields): ResourceUse {
  return {
    resource: fields.text("resource"),
    nominal: fields.numberOr("nominal", null),
    subtree: fields.numberOr("subtree", 0),
    used: fields.numberOr("used", 0),
    borrowed: fields.numberOr("borrowed", 0),
    lent: fields.numberOr("lent", 0),
    borrowingLimit: fields.numberOr("borrowingLimit", null),
    lendingLimit: fields.numberOr("lendingLimit", null),
  };
}

function readQuotaUse(fields: Fields): QuotaUse {
  return {
    id: fields.text("id"),
    parent: fields.textOr("parent", null),
    isQueue: fields.flag("isQueue"),
    weight: fields.numberOr("weight", 1),
    share: fields.numberOr("share", 0),
    pastShare: fields.numberOr("pastShare", 0),
    waiting: fields.numberOr("waiting", 0),
    resources: fields.list("resources", readResourceUse),
  };
}

/** The quota tree with what each node has, uses, borrows and lends. */
export function useQuotaUse(): UseQueryResult<readonly QuotaUse[]> {
  return useQuery({
    queryKey: ["quota-use"],
    queryFn: ({ signal }) => getJson("/api/v1/quota-usage", itemsOf(readQuotaUse), signal),
    refetchInterval: refreshMs,
  });
}
