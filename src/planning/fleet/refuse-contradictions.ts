import type { Plan } from "../model.ts";
import { contradictoryPlan, infeasiblePlan } from "../problems/plan-fault.ts";

/**
 * Refuses a plan whose parts cannot all be so: two of one name, of which one would be overlooked; stages that ask for
 * nothing at all; a gang that a fleet of fixed size never holds.
 *
 * @throws {Fault} `planning.plan-contradictory` or `planning.plan-infeasible` with the path of what is wrong.
 */
export function refuseContradictions(plan: Plan): void {
  const { stages } = plan.demand;
  refuseTwins(
    "demand.stages",
    "name",
    stages.map(({ name, stage }) => name ?? stage),
    (index) => stages[index]?.name !== undefined,
  );
  refuseTwins(
    "offers",
    "name",
    plan.offers.map(({ name }) => name),
  );
  refuseTwins(
    "storage.datasets",
    "name",
    plan.storage.datasets.map(({ name }) => name),
  );
  refuseTwins(
    "workloads",
    "name",
    plan.workloads.map(({ name }) => name),
  );
  refuseTwins(
    "accelerators",
    "gpu",
    plan.accelerators.map(({ gpu }) => gpu),
  );
  refuseTwins(
    "switches",
    "name",
    plan.switches.map(({ name }) => name),
  );
  if (stages.every(asksNothing))
    throw infeasiblePlan("demand.stages", "no stage asks for a GPU; there is nothing to plan");
  refuseWideGangs(plan);
}

/** What is given twice under one name is told at the second. */
function refuseTwins(
  path: string,
  member: string,
  names: readonly string[],
  isNamed: (index: number) => boolean = () => true,
): void {
  for (const [index, name] of names.entries()) {
    const first = names.indexOf(name);
    if (first === index || !isNamed(index)) continue;
    throw contradictoryPlan(
      `${path}[${index}].${member}`,
      `"${name}" is the name of ${path}[${first}] too; give it another`,
    );
  }
}

function asksNothing({ gpus, jobs, people, requests, history }: Plan["demand"]["stages"][number]): boolean {
  const asked = [
    gpus,
    jobs && jobs.perMonth * (jobs.trained?.tokens ?? jobs.gpuHoursEach ?? 0),
    people && people.people * people.gpusEach,
    requests?.peakPerSecond,
    history && Math.max(...history),
  ];
  return asked.every((each) => each === undefined || each === 0);
}

function refuseWideGangs({ fleet, demand }: Plan): void {
  if (fleet.gpus === undefined || fleet.growth === "buy") return;
  for (const [index, { jobs }] of demand.stages.entries()) {
    const { perMonth = 0, gangGpus = 0 } = jobs ?? {};
    if (perMonth === 0 || gangGpus <= fleet.gpus) continue;
    const message = `a job holds ${gangGpus} GPUs together, and the fleet stays at ${fleet.gpus}; take more, or fleet.growth: buy`;
    throw contradictoryPlan(`demand.stages[${index}].jobs.gangGpus`, message);
  }
}
