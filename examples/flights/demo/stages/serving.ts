import type { FlightWindow } from "../flights.ts";
import type { Narration } from "../narration.ts";
import type { PlatformClient } from "../platform-client.ts";
import { emptyTally, FlightReplay, flightRequest, quantile, type TrafficTally, type ViewFeed } from "../traffic.ts";
import { applyFiles, settled } from "./data.ts";

const deployLimitMs = 120_000;

/** The deployment that the demo serves. */
export const deployment = "flight-delay";

/** Rows that a landing gives to each feature view, in the order of the view's columns. */
export const feeds: readonly ViewFeed[] = [
  { view: "origin-delays", entity: (flight) => [flight.origin], values: (flight) => [flight.delay, flight.late] },
  {
    view: "route-delays",
    entity: (flight) => [flight.origin, flight.destination],
    values: (flight) => [flight.delay, flight.late],
  },
];

/** Stage: the champion gets a replica, the online store its history, and the gateway a route. */
export async function deploy(client: PlatformClient, narration: Narration, window: FlightWindow) {
  await applyFiles(client, narration, ["60-deployment.yaml"]);
  const status = await settled(client, narration, {
    plural: "deployments",
    name: deployment,
    good: ["serving"],
    bad: ["failed"],
    limitMs: deployLimitMs,
  });
  narration.say(`serving at ${client.gatewayUrl}/v2/models/${deployment}/infer`);
  const [flight] = window.departures;
  if (flight === undefined) throw new Error("there are no flights to ask for");
  const answer = await client.gateway(`/v2/models/${deployment}/infer`, flightRequest(flight));
  if (answer.status !== 200)
    throw new Error(`the first request was answered with ${answer.status}: ${JSON.stringify(answer.json)}`);
  const { outputs } = answer.json as { outputs: { name: string; data: number[] }[] };
  narration.say(
    `a caller sends a flight, ${flight.origin} to ${flight.destination}: probability of being late ${outputs.at(-1)?.data.at(-1)?.toFixed(3)}`,
  );
  return { figures: { replicas: (status["replicas"] as unknown[]).length }, answer: undefined };
}

/** Stage: a month of flights in event order, as requests; what lands becomes features and outcomes. */
export async function serveMonth(client: PlatformClient, narration: Narration, window: FlightWindow) {
  const tally = emptyTally();
  const traffic = new FlightReplay(client, deployment, window, feeds);
  const onHour = (hour: number, hours: number): void => narration.progress(progressLine(tally, hour, hours));
  await traffic.run({ tally, onHour, until: async () => false });
  sayTally(narration, tally);
  return { figures: tallyFigures(tally), answer: tally };
}

export function progressLine(tally: TrafficTally, hour: number, hours: number): string {
  const percent = Math.round((100 * hour) / hours);
  return `day ${Math.ceil(hour / 24)} of ${Math.ceil(hours / 24)} (${percent} %): ${tally.requests.toLocaleString("en")} requests, ${tally.landings.toLocaleString("en")} landings, ${tally.failures} failed`;
}

export function sayTally(narration: Narration, tally: TrafficTally): void {
  const versions = [...tally.byVersion]
    .map(([version, count]) => `version ${version}: ${count.toLocaleString("en")}`)
    .join(", ");
  narration.say(
    `${tally.requests.toLocaleString("en")} requests (${versions}), ${tally.failures} failed; ${tally.landings.toLocaleString("en")} landings became features`,
  );
  narration.say(
    `latency seen by the client: p50 ${quantile(tally.latenciesMs, 0.5)?.toFixed(1)} ms, p99 ${quantile(tally.latenciesMs, 0.99)?.toFixed(1)} ms`,
  );
  const [first] = tally.failureTexts;
  if (first !== undefined) narration.say(`first failure: ${first.slice(0, 300)}`);
}

export function tallyFigures(tally: TrafficTally) {
  return { requests: tally.requests, failures: tally.failures, landings: tally.landings };
}
