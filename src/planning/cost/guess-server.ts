import type { Accelerator } from "../catalog/accelerator.ts";
import type { Fallback } from "../catalog/fallback.ts";
import { spellAccelerator } from "../catalog/find-accelerator.ts";
import { heldBy } from "../catalog/guessed-figures.ts";
import type { Uncertain } from "../assumptions/uncertain.ts";
import { type ServerOffer, serverOffers } from "./server-offers.ts";

/** What an accelerator can do, in one figure: the geometric mean of arithmetic rate, memory and memory bandwidth. */
const worthOf = ({ bf16Tflops, memoryGb, memoryGbPerSecond }: Accelerator): number =>
  Math.cbrt(bf16Tflops * memoryGb * memoryGbPerSecond);

/** How accelerators are built into servers: alone in a slot, eight on a board, or a rack of them. */
const formOf = ({ scaleUpGpus }: Pick<Accelerator, "scaleUpGpus">): "slot" | "board" | "rack" =>
  scaleUpGpus <= 4 ? "slot" : scaleUpGpus <= 32 ? "board" : "rack";

interface Priced {
  readonly offer: ServerOffer;
  readonly accelerator: Accelerator;
}

const priced: readonly Priced[] = serverOffers.flatMap((offer) => {
  const accelerator = spellAccelerator(offer.gpu)?.accelerator;
  return accelerator === undefined ? [] : [{ offer, accelerator }];
});

/** The priced server nearest to one with this accelerator: of its form, then of its family, then of its worth. */
function nearestOf(accelerator: Accelerator, known: readonly Priced[]): Priced {
  const strangeness = (each: Priced): number =>
    (formOf(each.accelerator) === formOf(accelerator) ? 0 : 10) +
    (each.accelerator.family === accelerator.family ? 0 : 1) +
    Math.abs(Math.log(worthOf(each.accelerator) / worthOf(accelerator)));
  const [nearest] = known.toSorted((left, right) => strangeness(left) - strangeness(right));
  if (nearest === undefined) throw new RangeError("no server has a price");
  return nearest;
}

const ratioOf = (accelerator: Accelerator, near: Priced): number => worthOf(accelerator) / worthOf(near.accelerator);

let spread: number | undefined;

/**
 * How wrong prices are that are guessed so: every priced server guessed from the others, purchase and rent; four of five were
 * off by at most so much, as a logarithm.
 */
function priceSpread(): number {
  spread ??= heldBy(
    priced.map((each) => {
      const near = nearestOf(
        each.accelerator,
        priced.filter((other) => other !== each),
      );
      const off = (of: "serverUsdPerGpu" | "rentUsdPerGpuHour"): number =>
        Math.abs(Math.log((near.offer[of].mode * ratioOf(each.accelerator, near)) / each.offer[of].mode));
      return Math.max(off("serverUsdPerGpu"), off("rentUsdPerGpuHour"));
    }),
  );
  return spread;
}

/**
 * A server for an accelerator whose servers have no price: built as the nearest one that has, prices in proportion to what the
 * accelerator does, with bounds as wide as such guesses were wrong.
 *
 * @param asked the name under which it was asked for, and what already stands in for the accelerator itself.
 */
export function guessServer(
  accelerator: Accelerator,
  asked: { readonly name: string; readonly fallback?: Fallback | undefined },
): ServerOffer {
  const near = nearestOf(accelerator, priced);
  const ratio = ratioOf(accelerator, near);
  const off = priceSpread();
  const scaled = ({ low, mode, high }: Uncertain): Uncertain => ({
    low: low * ratio * Math.exp(-off),
    mode: mode * ratio,
    high: high * ratio * Math.exp(off),
  });
  const watts = (accelerator.watts ?? 0) / (near.accelerator.watts ?? 0);
  const hotter = Number.isFinite(watts) && watts > 0 ? watts : 1;
  const percent = (Math.expm1(off) * 100).toFixed(0);
  const words =
    `no price of a server with ${asked.name} is known: it is built as the one with ${near.offer.gpu} and priced at ${ratio.toFixed(2)} ` +
    `times as much, by rate, memory and bandwidth; prices guessed so were off by at most ${percent} % for 80 % of the catalog's own; ` +
    "give its prices to replace the guess";
  return {
    ...near.offer,
    gpu: asked.name,
    serverUsdPerGpu: scaled(near.offer.serverUsdPerGpu),
    rentUsdPerGpuHour: scaled(near.offer.rentUsdPerGpuHour),
    serverRatedKw: near.offer.serverRatedKw * hotter,
    allInKwPerGpu: near.offer.allInKwPerGpu * hotter,
    memoryGigabytes: accelerator.memoryGb,
    confidence: "C",
    source: `guessed from ${near.offer.gpu}`,
    fallbacks: [
      ...(asked.fallback === undefined ? [] : [asked.fallback]),
      {
        of: "accelerator",
        asked: asked.name,
        taken: near.offer.gpu,
        words,
        reason: `prices of ${asked.name} are guessed from those of ${near.offer.gpu}`,
        spread: off,
        memory: {},
      },
    ],
  };
}
