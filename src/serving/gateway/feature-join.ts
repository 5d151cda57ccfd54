import type { Instant } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { FeatureVector, OnlineFeatures } from "../../features/ports.ts";
import { type CalendarPart, calendarPart } from "../calendar-part.ts";
import type { InferRequest } from "../infer-request.ts";
import { type Element, elementAt, isWide, type Tensor } from "../tensor.ts";
import { tabularOutput } from "./model-metadata.ts";
import type { TabularRoute, TabularVersion } from "./routing-table.ts";

/** Rows that one request may hold. */
export const maxRowsPerRequest = 10_000;

/** What the caller sent, checked against the deployment. */
export interface RequestRows {
  readonly rows: number;
  /** One tensor of `rows` elements for each request input that was given. */
  readonly inputs: ReadonlyMap<string, Tensor>;
}

/** Rows as the model takes them. */
export interface JoinedRows {
  readonly rows: number;
  readonly columns: readonly string[];
  /** Row-major, `rows` × `columns`; null where a feature is not known. */
  readonly values: readonly Element[];
  /** The moment of each row, milliseconds since 1970. */
  readonly moments: readonly Instant[];
}

/**
 * Checks a request against what the deployment takes: each input by name, of its datatype, all of shape [rows] or [rows, 1].
 *
 * @throws {Fault} `serving.request-invalid`, naming what was wanted and what was found.
 */
export function checkRequestRows(route: TabularRoute, request: InferRequest): RequestRows {
  const other = request.outputs?.find((name) => name !== tabularOutput);
  if (other !== undefined) throw invalid(`${route.deployment} gives the output ${tabularOutput}, found "${other}"`);
  const inputs = new Map(request.inputs.map((tensor) => [tensor.name, tensor]));
  const missing = route.inputs.find((input) => !inputs.has(input.name) && input.name !== route.timestamp);
  const unknown = request.inputs.find((tensor) => !route.inputs.some((input) => input.name === tensor.name));
  if (missing !== undefined || unknown !== undefined) {
    throw invalid(
      `${route.deployment} wants the inputs ${route.inputs.map((each) => `${each.name} ${each.datatype}`).join(", ")}; found ${request.inputs.map((each) => `${each.name} ${each.datatype}`).join(", ")}`,
    );
  }
  const rows = request.inputs[0]?.shape[0] ?? 0;
  if (rows < 1) throw invalid(`a request wants at least one row, found none: inputs have the shape [rows]`);
  if (rows > maxRowsPerRequest) throw invalid(`a request wants at most ${maxRowsPerRequest} rows, found ${rows}`);
  for (const wanted of route.inputs) {
    const tensor = inputs.get(wanted.name);
    if (tensor === undefined) continue;
    if (tensor.datatype !== wanted.datatype) {
      throw invalid(`input "${wanted.name}" wants datatype ${wanted.datatype}, found ${tensor.datatype}`);
    }
    if (isWide(tensor.data)) {
      throw invalid(`input "${wanted.name}" wants whole numbers of at most 53 bits, found larger ones`);
    }
    if (tensor.data.length !== rows || tensor.shape[0] !== rows || tensor.shape.length > 2) {
      throw invalid(
        `input "${wanted.name}" wants shape [${rows}] or [${rows}, 1], as the first input has ${rows} rows; found [${tensor.shape.join(", ")}]`,
      );
    }
  }
  return { rows, inputs };
}

/**
 * Reads the features of each row as they were known at the row's moment and puts them, with the request's own numbers, into
 * the order in which the model takes its columns.
 *
 * A feature wins over a part of the calendar, and both over a request input of the same name.
 *
 * @param now the moment of rows that name none.
 * @throws {Fault} `serving.model-incompatible` when a column is neither a request input nor a feature of the views.
 */
export function joinFeatures(
  route: TabularRoute,
  version: TabularVersion,
  request: RequestRows,
  features: OnlineFeatures,
  now: Instant,
): JoinedRows {
  const { rows } = request;
  const width = version.columns.length;
  const values = new Array<Element>(rows * width);
  const moments = new Array<Instant>(rows);
  const given = route.timestamp === null ? undefined : request.inputs.get(route.timestamp);
  let sources: readonly Source[] | undefined;
  for (let row = 0; row < rows; row += 1) {
    const moment = given === undefined ? now : Number(given.data[row]);
    const vectors = route.views.map((view) =>
      features.read(
        route.project,
        view.name,
        view.entity.map((input) => String(request.inputs.get(input)?.data[row] ?? "")),
        moment,
      ),
    );
    sources ??= version.columns.map((column) => sourceOf(column, route, version, vectors, request));
    for (let column = 0; column < width; column += 1) {
      values[row * width + column] = readSource(sources[column], vectors, row, moment);
    }
    moments[row] = moment;
  }
  return { rows, columns: version.columns, values, moments };
}

type Source =
  | { readonly kind: "feature"; readonly view: number; readonly index: number }
  | { readonly kind: "calendar"; readonly part: CalendarPart }
  | { readonly kind: "input"; readonly tensor: Tensor };

function sourceOf(
  column: string,
  route: TabularRoute,
  version: TabularVersion,
  vectors: readonly FeatureVector[],
  request: RequestRows,
): Source {
  for (const [view, vector] of vectors.entries()) {
    const index = vector.names.indexOf(column);
    if (index >= 0) return { kind: "feature", view, index };
  }
  const part = route.calendar[column];
  if (part !== undefined) return { kind: "calendar", part };
  const tensor = request.inputs.get(column);
  if (tensor !== undefined) return { kind: "input", tensor };
  throw new Fault(
    "serving.model-incompatible",
    `version ${version.version} wants the column "${column}"; found the request inputs ${route.inputs.map((each) => each.name).join(", ")} and the features ${vectors.flatMap((vector) => vector.names).join(", ")}. Add it to the deployment's inputs or to one of its feature views`,
  );
}

function readSource(
  source: Source | undefined,
  vectors: readonly FeatureVector[],
  row: number,
  moment: Instant,
): Element {
  if (source === undefined) return null;
  if (source.kind === "feature") return vectors[source.view]?.values[source.index] ?? null;
  if (source.kind === "calendar") return calendarPart(source.part, moment);
  return elementAt(source.tensor, row);
}

function invalid(message: string): Fault {
  return new Fault("serving.request-invalid", message);
}
