import type { Flight, FlightWindow } from "./flights.ts";
import type { PlatformClient } from "./platform-client.ts";

const hourMs = 3_600_000;
/** Requests that are on their way at once. */
const inFlightMax = 12;
/** Failed answers that are kept, for the report. */
const failureTextsMax = 1_000;
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
  /** What failed requests were answered with. */
  readonly failureTexts: string[];
}

export function emptyTally(): TrafficTally {
  return { requests: 0, failures: 0, byVersion: new Map(), latenciesMs: [], landings: 0, failureTexts: [] };
}

/** How a view's rows are made of a flight. */
export interface ViewFeed {
  readonly view: string;
  readonly entity: (flight: Flight) => readonly string[];
  readonly values: (flight: Flight) => readonly number[];
}

/** Who is told of a replay's progress, and who may end it. */
export interface ReplayWatch {
  readonly tally: TrafficTally;
  readonly onHour: (hour: number, hours: number) => void;
  /** Asked after every hour; true pauses the replay there. */
  readonly until: () => Promise<boolean>;
}

/**
 * Replays flights in event order: each hour, first what landed in it (as features and as outcomes of earlier
 * predictions), then a request for each flight that departs in it. Features are read as of each flight's own moment,
 * so a landing later in the hour is not seen by an earlier departure. A paused replay goes on where it stopped.
 */
export class FlightReplay {
  readonly #client: PlatformClient;
  readonly #deployment: string;
  readonly #window: FlightWindow;
  readonly #feeds: readonly ViewFeed[];
  #hour = 0;
  #departed = 0;
  #landed = 0;

  constructor(client: PlatformClient, deployment: string, window: FlightWindow, feeds: readonly ViewFeed[]) {
    this.#client = client;
    this.#deployment = deployment;
    this.#window = window;
    this.#feeds = feeds;
  }

  async run({ tally, onHour, until }: ReplayWatch): Promise<void> {
    const { from, departures, landings } = this.#window;
    const hours = Math.ceil(((departures.at(-1)?.departsAt ?? from) + 1 - from) / hourMs);
    while (this.#hour < hours) {
      const end = from + (this.#hour + 1) * hourMs;
      const landed = takeWhile(landings, this.#landed, (flight) => flight.landsAt < end);
      this.#landed += landed.length;
      await ingest(this.#client, this.#deployment, this.#feeds, landed);
      tally.landings += landed.length;
      const departing = takeWhile(departures, this.#departed, (flight) => flight.departsAt < end);
      this.#departed += departing.length;
      await askAll(
        this.#client,
        this.#deployment,
        departing.filter((flight) => flight.isAsked),
        tally,
      );
      this.#hour += 1;
      onHour(this.#hour, hours);
      if (await until()) return;
    }
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
  if (tally.failureTexts.length < failureTextsMax)
    tally.failureTexts.push(`${answer.status}: ${JSON.stringify(answer.json)}`);
}

/** The value below which the given share of values lies; null of nothing. */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const ordered = Float64Array.from(values).sort();
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] ?? null;
}
