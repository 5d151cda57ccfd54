import type { FleetPrice } from "../questions/price-fleet.ts";
import { describeAssumptions } from "./describe-advice.ts";
import { describeCost } from "./describe-cost.ts";
import { describeErrors, errorsExplained } from "./describe-errors.ts";
import { describeFallbacks } from "./describe-fallbacks.ts";
import type { ReportDocument, Section } from "./model.ts";
import { tellMoney } from "./tell-money.ts";
import { monthAfter, writeCount, writeShare, writeAboutUsd, writeSpread } from "./write-figure.ts";

/** The price of a fleet of one size, as a report. */
export function describePrice(price: FleetPrice): ReportDocument {
  return {
    title: `${price.gpus} x ${price.gpu}: buy, rent or reserve`,
    sections: [describeVerdict(price), ...describeCost(price), describeAssumptions(price)],
  };
}

function describeVerdict(price: FleetPrice): Section {
  const { cost, startMonth } = price;
  const last = monthAfter(startMonth, cost.months.length - 1);
  const items = [
    `${writeCount(price.servers, "server")} with ${price.gpusPerServer} x ${price.gpu}, ${startMonth} to ${last}, used to ${writeShare(cost.utilisation.mode)} on average.`,
    ...tellMoney(cost),
    ...(cost.usdPerMillionTokens === null
      ? []
      : [`A million tokens: ${writeSpread(cost.usdPerMillionTokens, writeAboutUsd)}.`]),
  ];
  return {
    heading: "Answer",
    blocks: [
      ...describeFallbacks(price.fallbacks, price.cautions),
      { kind: "list", items },
      describeErrors(price.errors.cost),
      { kind: "text", text: errorsExplained },
    ],
  };
}
