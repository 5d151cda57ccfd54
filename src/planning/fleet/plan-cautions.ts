import type { Given } from "../assumptions/assumption.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import type { Plan } from "../model.ts";
import { writeNumber } from "../report/write-figure.ts";
import { serverOffers } from "../cost/server-offers.ts";

/** A price this many times beyond what the catalog believes is told: it may be right, and is more often of something else. */
const strangeFactor = 2;

const priced = [
  { name: "serverUsdPerGpu", of: "one GPU's share of its server" },
  { name: "rentUsdPerGpuHour", of: "one GPU for an hour" },
] as const;

/** What in a plan is possible and looks wrong: prices of a whole server where those of one GPU are asked. */
export function planCautions({ cost }: Plan, server: ServerOffer): readonly string[] {
  // What a plan's own server costs is known to no catalog.
  const known = serverOffers.find(({ gpu }) => gpu === server.gpu);
  if (known === undefined) return [];
  return priced.flatMap(({ name, of }) => {
    const given = likeliestOf(cost[name]);
    const { low, high } = known[name];
    if (given === undefined || (given <= high * strangeFactor && given >= low / strangeFactor)) return [];
    const each = writeNumber(given / server.gpusPerServer);
    const whole = given > high ? `; of a server of ${server.gpusPerServer} it would be ${each} each` : "";
    const usual = `${server.gpu} is at ${writeNumber(low)} to ${writeNumber(high)} in the catalog`;
    return [`cost.${name} is the price of ${of}, and ${writeNumber(given)} was given: ${usual}${whole}`];
  });
}

function likeliestOf(given: Given): number | undefined {
  return typeof given === "object" ? given.mode : given;
}
