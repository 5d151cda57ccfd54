import { DuckDBInstance } from "@duckdb/node-api";

/** One flight of the dataset `departures`; times are milliseconds since 1970. */
export interface Flight {
  readonly id: string;
  readonly departsAt: number;
  readonly landsAt: number;
  readonly origin: string;
  readonly destination: string;
  readonly distance: number;
  readonly delay: number;
  readonly late: 0 | 1;
  /** Whether the replay asks for a prediction for it. */
  readonly isAsked: boolean;
}

/** A span of time: the flights that depart in it, and the ones that land in it, each in that order. */
export interface FlightWindow {
  readonly from: number;
  readonly departures: readonly Flight[];
  readonly landings: readonly Flight[];
}

/**
 * Reads the flights that depart or land in [from, to) from a Parquet file of `departures`.
 *
 * Every flight lands in the features; of all flights, `asked` of 1,000 (by hash of the id) are asked for.
 */
export async function readFlights(
  path: string,
  from: number,
  to: number,
  askedPerMille: number,
): Promise<FlightWindow> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `SELECT CAST(flight_id AS VARCHAR) AS id, epoch_ms(departs_at) AS departs_at, epoch_ms(lands_at) AS lands_at, origin, destination,
         CAST(distance AS INTEGER) AS distance, CAST(delay AS INTEGER) AS delay, CAST(late AS INTEGER) AS late,
         hash(flight_id) % 1000 < $3 AS is_asked
       FROM read_parquet($4)
       WHERE lands_at >= epoch_ms(CAST($1 AS BIGINT)) AND departs_at < epoch_ms(CAST($2 AS BIGINT))
       ORDER BY departs_at, flight_id`,
      { 1: BigInt(from), 2: BigInt(to), 3: askedPerMille, 4: path },
    );
    const flights = reader.getRowsJS().map(toFlight);
    return {
      from,
      departures: flights.filter((flight) => flight.departsAt >= from),
      landings: flights.filter((flight) => flight.landsAt < to).toSorted((left, right) => left.landsAt - right.landsAt),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function toFlight(row: readonly unknown[]): Flight {
  const [id, departsAt, landsAt, origin, destination, distance, delay, late, isAsked] = row;
  return {
    id: String(id),
    departsAt: Number(departsAt),
    landsAt: Number(landsAt),
    origin: String(origin),
    destination: String(destination),
    distance: Number(distance),
    delay: Number(delay),
    late: late === 1 ? 1 : 0,
    isAsked: isAsked === true,
  };
}
