import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { getJson } from "./client.ts";
import { type Fields, itemsOf } from "./reading.ts";

/** What a node of the quota tree has and holds of one resource: milli-GPUs, milli-CPUs, bytes, or whole numbers. */
export interface ResourceUse {
  /** `gpu`, `gpu:MODEL`, `cpu`, `memory`, or a name of the cluster's own. */
  readonly resource: string;
  /** Its own; null where no quota speaks of the resource. */
  readonly nominal: number | null;
  /** Its own and what is lent to it by those below it. */
  readonly subtree: number;
  readonly used: number;
  /** Of what it uses, what is not its own. */
  readonly borrowed: number;
  /** Of its own, what others use. */
  readonly lent: number;
  readonly borrowingLimit: number | null;
  readonly lendingLimit: number | null;
}

/** A node of the quota tree as it is used now. */
export interface QuotaUse {
  readonly id: string;
  readonly parent: string | null;
  readonly isQueue: boolean;
  readonly weight: number;
  /** Its share among those beside it now; 0 when it takes nothing that others could have. */
  readonly share: number;
  /** The share over time, the past weighing less the older it is. */
  readonly pastShare: number;
  readonly waiting: number;
  readonly resources: readonly ResourceUse[];
}

const refreshMs = 5_000;

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
    queryFn: ({ signal }) => getJson("/api/v1/quotas/usage", itemsOf(readQuotaUse), signal),
    refetchInterval: refreshMs,
  });
}
