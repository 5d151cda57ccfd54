import * as z from "zod";

/** A number of replicas, or a part of them such as 25%. */
const replicaAmountSchema = z.union([
  z.int().min(0).max(1_000),
  z.string().regex(/^(100|[1-9]?[0-9])%$/, "write a number of replicas, or a part of them such as 25%"),
]);

/** How replicas are replaced by others that are started in another way. */
export const updateSchema = z
  .strictObject({
    maxSurge: replicaAmountSchema
      .default("25%")
      .describe("Replicas more than wanted while they are replaced; a part is rounded up."),
    maxUnavailable: replicaAmountSchema
      .optional()
      .describe(
        "Replicas fewer than wanted while they are replaced; they are let go first only where new ones find no room beside them. Absent: a quarter, and at least one of several.",
      ),
  })
  .refine(
    ({ maxSurge, maxUnavailable }) => !isNone(maxSurge) || (maxUnavailable !== undefined && !isNone(maxUnavailable)),
    {
      message: "maxSurge 0 wants a maxUnavailable of 1 or more, else no replica could ever be replaced",
      path: ["maxUnavailable"],
    },
  );

type ReplicaAmount = Readonly<z.output<typeof replicaAmountSchema>>;
type UpdateSpec = Readonly<z.output<typeof updateSchema>>;

/** How far the number of replicas may be from what is wanted while they are replaced. */
export interface UpdateLimits {
  readonly surge: number;
  readonly unavailable: number;
}

/** The limits for so many replicas; at least one of both is more than 0. */
export function updateLimits({ maxSurge, maxUnavailable }: UpdateSpec, wanted: number): UpdateLimits {
  const fewest = wanted > 1 ? 1 : 0;
  const unavailable =
    maxUnavailable === undefined
      ? Math.max(fewest, Math.floor(wanted / 4))
      : Math.min(wanted, amountOf(maxUnavailable, wanted, Math.floor));
  const surge = amountOf(maxSurge, wanted, Math.ceil);
  return { surge: surge === 0 && unavailable === 0 ? 1 : surge, unavailable };
}

function amountOf(amount: ReplicaAmount, wanted: number, round: (value: number) => number): number {
  return typeof amount === "number" ? amount : round((wanted * Number.parseInt(amount, 10)) / 100);
}

function isNone(amount: ReplicaAmount): boolean {
  return amount === 0 || amount === "0%";
}
