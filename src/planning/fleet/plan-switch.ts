import type { Assumptions } from "../assumptions/assumption.ts";
import type { GigabitsPerSecond } from "../catalog/quantities.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import type { Plan } from "../model.ts";
import { parseRate, toGigabits } from "../network/link-rate.ts";
import { splitPorts, type SwitchModel, switchModels } from "../network/switch-model.ts";
import {
  contradictoryPlan,
  invalidPlan,
  requireCount,
  requirePositive,
  requireWithin,
} from "../problems/plan-fault.ts";

/** What a switch draws at most, kW: one of the plan's own that draws more is in watts. */
const switchKwMost = 50;

/** The switch that the plan names, else the usual one of the rate, else the first that joins so many ports. */
export function chooseSwitch(
  plan: Plan,
  server: ServerOffer,
  rate: GigabitsPerSecond,
  isEnough: (model: SwitchModel) => boolean,
  assumptions: Assumptions,
): SwitchModel {
  const known = listSwitches(plan);
  const name = plan.network.switch;
  if (name !== undefined) return namedSwitch(name, rate, known);
  const whole = known.filter((each) => each.portRate === rate);
  const split = known.map((each) => splitPorts(each, rate)).filter((each) => each !== undefined);
  const candidates = [...whole, ...split.toSorted((left, right) => left.radix - right.radix)];
  const [usual] = candidates;
  if (usual === undefined) {
    const rates = [...new Set(known.map((each) => `${each.portRate}Gb/s`))].join(", ");
    const own = plan.accelerators.findIndex(({ gpu }) => gpu === server.gpu);
    const path = plan.network.portRate === undefined && own >= 0 ? `accelerators[${own}].portRate` : "network.portRate";
    const bits = plan.network.portRate?.endsWith("B/s") === true ? ` (${plan.network.portRate} are bytes)` : "";
    throw invalidPlan(path, `a rate that a switch of the catalog has: ${rates}`, `${rate}Gb/s${bits}`);
  }
  const model = candidates.find(isEnough) ?? usual;
  if (model.radix === usual.radix) {
    assumptions.note("network.switch", model.name, "chosen by the planner");
    return model;
  }
  const why = `the first of the catalog that joins so many ports: ${usual.name} has ${usual.radix}, it ${model.radix} of ${rate} Gb/s`;
  assumptions.note("network.switch", model.name, why);
  return model;
}

/** Switches of the plan's own, then the catalog's. */
function listSwitches({ switches }: Plan): readonly SwitchModel[] {
  const own = switches.map((each, index) => toSwitch(`switches[${index}]`, each));
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...switchModels.filter(({ name }) => !names.has(name))];
}

function toSwitch(path: string, each: Plan["switches"][number]): SwitchModel {
  const { portsPerTransceiver = 1 } = each;
  requireCount(`${path}.ports`, each.ports, 4);
  requireCount(`${path}.portsPerTransceiver`, portsPerTransceiver, 1);
  requirePositive(`${path}.usd`, each.usd);
  requireWithin(`${path}.kw`, each.kw, 0, switchKwMost);
  return {
    name: each.name,
    radix: each.ports,
    portRate: toGigabits(parseRate(`${path}.portRate`, each.portRate)),
    portsPerTransceiver,
    priceUsd: each.usd,
    powerKw: each.kw,
    source: "given in the plan",
  };
}

function namedSwitch(name: string, rate: GigabitsPerSecond, known: readonly SwitchModel[]): SwitchModel {
  const model = known.find((each) => each.name === name);
  const names = known.map((each) => each.name).join(", ");
  if (model === undefined) {
    throw invalidPlan("network.switch", `one of ${names}, or one of your own under switches`, name);
  }
  const split = splitPorts(model, rate);
  if (split !== undefined) return split;
  const message = `${name} has ports of ${model.portRate} Gb/s, which give no port of ${rate} Gb/s`;
  throw contradictoryPlan("network.switch", message);
}
