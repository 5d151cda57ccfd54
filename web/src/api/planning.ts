import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { PlanningKind } from "../../../src/planning/questions/model.ts";
import type { Block, ReportDocument } from "../../../src/planning/report/model.ts";
import { ApiFailure, getJson, postJson } from "./client.ts";
import { type Fields, fieldsOf } from "./reading.ts";

/** What a question may name. */
export interface PlanningCatalog {
  readonly accelerators: readonly string[];
  readonly models: readonly string[];
  /** GPUs whose servers have a price. */
  readonly prices: readonly string[];
}

/** An answer with its report. */
export interface PlanningAnswer {
  readonly answer: Fields;
  /** The same, as it came: to be saved. */
  readonly whole: unknown;
  readonly document: ReportDocument;
}

/** Tries again while the planner has too much to do. */
const busyRetriesMax = 4;
const busyPauseMs = 1500;

/** The names of the catalog; they change only with the server's version. */
export function useCatalog(): UseQueryResult<PlanningCatalog> {
  return useQuery({
    queryKey: ["planning-catalog"],
    queryFn: ({ signal }) => getJson("/api/v1/planning/catalog", readCatalog, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

function readCatalog(value: unknown): PlanningCatalog {
  const fields = fieldsOf(value, "catalog");
  const names = (list: string, name: string): readonly string[] => fields.list(list, (each) => each.textOr(name, ""));
  return {
    accelerators: names("accelerators", "name"),
    models: names("models", "name"),
    prices: names("prices", "gpu"),
  };
}

/** How wrong predictions of one kind and group were on this site. */
export interface SiteRow {
  readonly kind: string;
  readonly group: string;
  readonly n: number;
  readonly excluded: Readonly<Record<string, number>>;
  readonly factor: number;
  readonly median: number | null;
  readonly bias: number | null;
  readonly coverage80: number | null;
  readonly isOwn: boolean;
  /** Null with too few comparisons to tell. */
  readonly drift: {
    readonly hasDrifted: boolean;
    readonly recent: number;
    readonly before: number;
    readonly recentN: number;
  } | null;
  readonly words: string;
}

/** What this site measured of what was predicted. */
export function useCalibration(): UseQueryResult<readonly SiteRow[]> {
  return useQuery({
    queryKey: ["planning-calibration"],
    queryFn: ({ signal }) => getJson("/api/v1/planning/calibration", readCalibration, signal),
  });
}

function readCalibration(value: unknown): readonly SiteRow[] {
  return fieldsOf(value, "calibration").list("items", (item) => ({
    kind: item.textOr("kind", ""),
    group: item.textOr("group", ""),
    n: item.numberOr("n", 0),
    excluded: item.numbersByName("excluded"),
    factor: item.numberOr("factor", 1),
    median: item.numberOr("median", null),
    bias: item.numberOr("bias", null),
    coverage80: item.numberOr("coverage80", null),
    isOwn: item.value("isOwn") === true,
    drift: readDrift(item.value("drift")),
    words: item.textOr("words", ""),
  }));
}

function readDrift(value: unknown): SiteRow["drift"] {
  if (typeof value !== "object" || value === null) return null;
  const drift = fieldsOf(value, "drift");
  return {
    hasDrifted: drift.value("hasDrifted") === true,
    recent: drift.numberOr("recent", 1),
    before: drift.numberOr("before", 1),
    recentN: drift.numberOr("recentN", 0),
  };
}

/** Asks the planner; the last answer stays while the next one is computed. */
export function usePlanningAnswer(
  kind: PlanningKind,
  question: Readonly<Record<string, unknown>>,
): UseQueryResult<PlanningAnswer> {
  return useQuery({
    queryKey: ["planning", kind, question],
    queryFn: ({ signal }) => postJson(`/api/v1/planning/${kind}`, question, readAnswer, signal),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before, query) => (query?.queryKey[1] === kind ? keepPreviousData(before) : undefined),
    retry: (count, error) => count < busyRetriesMax && error instanceof ApiFailure && error.status === 429,
    retryDelay: busyPauseMs,
  });
}

/** Asks for the files of an answer: name to text. */
export async function askFiles(
  kind: PlanningKind,
  question: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, string>>> {
  return await postJson(`/api/v1/planning/${kind}?files=true`, question, (value) =>
    fieldsOf(value, "answer").textsByName("files"),
  );
}

function readAnswer(value: unknown): PlanningAnswer {
  const fields = fieldsOf(value, "answer");
  const document = fields.fields("document");
  return {
    answer: fields.fields("answer"),
    whole: fields.value("answer"),
    document: {
      title: document.text("title"),
      sections: document.list("sections", (section) => ({
        heading: section.textOr("heading", ""),
        blocks: section.list("blocks", readBlock).filter((block) => block !== null),
      })),
    },
  };
}

/** A block that this page does not know is not shown. */
function readBlock(block: Fields): Block | null {
  switch (block.textOr("kind", "")) {
    case "text":
      return { kind: "text", text: block.textOr("text", "") };
    case "list":
      return { kind: "list", items: block.texts("items") };
    case "errors":
      return {
        kind: "errors",
        items: block.list("items", (item) => ({
          quantity: item.textOr("quantity", ""),
          stated: item.textOr("stated", ""),
          basis: item.textOr("basis", ""),
        })),
      };
    case "table": {
      const rows = block.value("rows");
      const texts = (row: unknown): readonly string[] => (Array.isArray(row) ? row.map(String) : []);
      return { kind: "table", head: block.texts("head"), rows: Array.isArray(rows) ? rows.map(texts) : [] };
    }
    case "bars":
      return {
        kind: "bars",
        caption: block.textOr("caption", ""),
        unit: block.textOr("unit", ""),
        limit: block.numberOr("limit", 0),
        bars: block.list("bars", (bar) => ({
          label: bar.textOr("label", ""),
          note: bar.textOr("note", ""),
          parts: bar.list("parts", (part) => ({ name: part.textOr("name", ""), value: part.numberOr("value", 0) })),
        })),
      };
    default:
      return null;
  }
}
