import type { Flight, FlightWindow } from "./flights.ts";
import type { PlatformClient } from "./platform-client.ts";

const hourMs = 3_600_000;
/** Requests that are on their way at once. */
const inFlightMax = 12;
/** Rows of one ingest. */
const ingestRowsMax = 5_000;

/** What the client saw. */
export interface TrafficTally {
  requests: number;
  /** Requests that did not answer 200, with the version that failed where it is known. */
  failures: number;
  /** Answers by model version. */
  readonly byVersion: Map<string, number>;
  readonly latenciesMs: number[];
  landings: number;
  /** An example of a failed answer, for the report. */
  firstFailure: string | null;
}

export function emptyTally(): TrafficTally {
  return { requests: 0, failures: 0, byVersion: new Map(), latenciesMs: [], landings: 0, firstFailure: null };
}

/** How a view's rows are made of a flight. */
export interface ViewFeed {
  readonly view: string;
  readonly entity: (flight: Flight) => readonly string[];
  readonly values: (flight: Flight) => readonly number[];
}

/** A replay: what to send where, and who is told. */
export interface Replay {
  readonly client: PlatformClient;
  readonly deployment: string;
  readonly window: FlightWindow;
  readonly feeds: readonly ViewFeed[];
  readonly tally: TrafficTally;
  readonly onHour: (hour: number, hours: number) => void;
  /** Asked after every hour; true ends the replay early. */
  readonly until: () => Promise<boolean>;
}

/**
 * Replays flights in event order: each hour, first what landed in it (as features and as outcomes of earlier
 * predictions), then a request for each flight that departs in it. Features are read as of each flight's own moment,
 * so a landing later in the hour is not seen by an earlier departure.
 */
export async function replay({ client, deployment, window, feeds, tally, onHour, until }: Replay): Promise<void> {
  const first = window.departures[0]?.departsAt ?? 0;
  const last = window.departures.at(-1)?.departsAt ?? 0;
  const hours = Math.floor((last - first) / hourMs) + 1;
  let departed = 0;
  let landed = 0;
  for (let hour = 0; hour < hours; hour += 1) {
    const end = first + (hour + 1) * hourMs;
    const landings = takeWhile(window.landings, landed, (flight) => flight.landsAt < end);
    landed += landings.length;
    await ingest(client, deployment, feeds, landings);
    tally.landings += landings.length;
    const departures = takeWhile(window.departures, departed, (flight) => flight.departsAt < end);
    departed += departures.length;
    const asked = departures.filter((flight) => flight.isAsked);
    await askAll(client, deployment, asked, tally);
    onHour(hour + 1, hours);
    if (await until()) return;
  }
}

function takeWhile(
  flights: readonly Flight[],
  start: number,
  isWanted: (flight: Flight) => boolean,
): readonly Flight[] {
  let end = start;
  for (let flight = flights[end]; flight !== undefined && isWanted(flight); flight = flights[end]) end += 1;
  return flights.slice(start, end);
}

async function ingest(
  client: PlatformClient,
  deployment: string,
  feeds: readonly ViewFeed[],
  landings: readonly Flight[],
): Promise<void> {
  for (let start = 0; start < landings.length; start += ingestRowsMax) {
    const batch = landings.slice(start, start + ingestRowsMax);
    const rows = feeds.map(async (feed) => {
      const body = batch.map((flight) => ({
        id: flight.id,
        knownAt: flight.landsAt,
        entity: feed.entity(flight),
        values: feed.values(flight),
      }));
      await expectOk(client, `/v1/projects/${client.project}/feature-views/${feed.view}/rows`, body);
    });
    const asked = batch.filter((flight) => flight.isAsked);
    const outcomes = asked.map((flight) => ({ requestId: flight.id, outcome: flight.late, at: flight.landsAt }));
    if (outcomes.length > 0)
      rows.push(expectOk(client, `/v1/projects/${client.project}/deployments/${deployment}/outcomes`, outcomes));
    await Promise.all(rows);
  }
}

async function expectOk(client: PlatformClient, path: string, body: unknown): Promise<void> {
  const answer = await client.gateway(path, body);
  if (answer.status >= 300) throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.json)}`);
}

async function askAll(
  client: PlatformClient,
  deployment: string,
  flights: readonly Flight[],
  tally: TrafficTally,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let flight = flights[next++]; flight !== undefined; flight = flights[next++])
      await ask(client, deployment, flight, tally);
  };
  await Promise.all(Array.from({ length: Math.min(inFlightMax, flights.length) }, worker));
}

/** A request for one flight: what a traveller knows, and no feature. */
export function flightRequest(flight: Flight): unknown {
  const tensor = (name: string, datatype: string, value: string | number) => ({
    name,
    datatype,
    shape: [1],
    data: [value],
  });
  return {
    id: flight.id,
    inputs: [
      tensor("origin", "BYTES", flight.origin),
      tensor("destination", "BYTES", flight.destination),
      tensor("distance", "INT64", flight.distance),
      tensor("departs_at", "INT64", flight.departsAt),
    ],
  };
}

async function ask(client: PlatformClient, deployment: string, flight: Flight, tally: TrafficTally): Promise<void> {
  const start = performance.now();
  const answer = await client
    .gateway(`/v2/models/${deployment}/infer`, flightRequest(flight))
    .catch((error: unknown) => ({ status: 0, json: String(error) }));
  tally.latenciesMs.push(performance.now() - start);
  tally.requests += 1;
  if (answer.status === 200) {
    const version = (answer.json as { model_version?: string }).model_version ?? "?";
    tally.byVersion.set(version, (tally.byVersion.get(version) ?? 0) + 1);
    return;
  }
  tally.failures += 1;
  tally.firstFailure ??= `${answer.status}: ${JSON.stringify(answer.json)}`;
}

/** The value below which the given share of values lies; null of nothing. */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const ordered = Float64Array.from(values).sort();
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] ?? null;
}
