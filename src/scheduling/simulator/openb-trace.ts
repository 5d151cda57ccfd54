import { Fault } from "../../base/fault.ts";
import { type TaskShape, wholeGpuMillis } from "../placement/task-shape.ts";

/** One node of an openb node list. */
export interface OpenbNode {
  readonly name: string;
  readonly cpuMillis: number;
  /** MiB. */
  readonly memory: number;
  readonly gpus: number;
  /** Empty without GPUs. */
  readonly gpuModel: string;
}

/** One pod of an openb pod list; its memory is in MiB. Its times are not read. */
export interface OpenbPod extends TaskShape {
  readonly name: string;
}

/** How many malformed rows an error names; the others are counted. */
const rowsNamedMax = 3;
/** The most GPUs that one node or pod may have. */
const gpusMax = 64;

/**
 * Reads an openb node list: columns `sn, cpu_milli, memory_mib, gpu, model` in any order, others left out.
 *
 * @throws {Fault} `scheduling.trace-invalid`, naming the first malformed rows by row and column and counting the rest.
 */
export function parseOpenbNodes(text: string): readonly OpenbNode[] {
  const table = readTable(text, "node list", ["sn", "cpu_milli", "memory_mib", "gpu", "model"]);
  return table.read((row) => {
    const gpus = row.count("gpu", 0, gpusMax);
    const gpuModel = row.text("model");
    if (gpus > 0 && gpuModel === "") row.reject("model", "the GPU model of a node with GPUs");
    return {
      name: row.name("sn"),
      cpuMillis: row.count("cpu_milli", 0, Number.MAX_SAFE_INTEGER),
      memory: row.count("memory_mib", 0, Number.MAX_SAFE_INTEGER),
      gpus,
      gpuModel,
    };
  });
}

/**
 * Reads an openb pod list: columns `name, cpu_milli, memory_mib, num_gpu, gpu_milli` and, where it has one, `gpu_spec` (models
 * separated by `|`, empty: any), in any order, others left out.
 *
 * @throws {Fault} `scheduling.trace-invalid`, naming the first malformed rows by row and column and counting the rest.
 */
export function parseOpenbPods(text: string): readonly OpenbPod[] {
  const table = readTable(text, "pod list", ["name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli"]);
  return table.read((row) => {
    const gpus = row.count("num_gpu", 0, gpusMax);
    const spec = row.text("gpu_spec");
    const gpuModels = spec === "" ? [] : spec.split("|");
    if (gpuModels.includes("")) row.reject("gpu_spec", "GPU models separated by single |");
    return {
      name: row.name("name"),
      cpuMillis: row.count("cpu_milli", 0, Number.MAX_SAFE_INTEGER),
      memory: row.count("memory_mib", 0, Number.MAX_SAFE_INTEGER),
      gpus,
      gpuMillis: row.count("gpu_milli", gpus > 0 ? 1 : 0, wholeGpuMillis),
      gpuModels,
    };
  });
}

/** Reads the fields of one row by column; what is wrong is noted, and the row then counts as malformed. */
interface Row {
  readonly text: (column: string) => string;
  readonly name: (column: string) => string;
  /** A whole number within these bounds. */
  readonly count: (column: string, least: number, most: number) => number;
  readonly reject: (column: string, wanted: string) => void;
}

interface Table {
  readonly read: <Value>(toValue: (row: Row) => Value) => readonly Value[];
}

function readTable(text: string, what: string, required: readonly string[]): Table {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const header = (lines[0] ?? "").split(",").map((name) => name.trim());
  const missing = required.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new Fault(
      "scheduling.trace-invalid",
      `an openb ${what} has the columns ${required.join(", ")}; the first line lacks ${missing.join(", ")}: give a file whose first line names them`,
      { details: { missing } },
    );
  }
  return {
    read: (toValue) => {
      const problems: string[] = [];
      const values = lines.slice(1).flatMap((line, index) => {
        if (line.trim() === "") return [];
        const found: string[] = [];
        const value = toValue(readRow(line.split(","), header, `row ${index + 2}`, found));
        problems.push(...found.slice(0, 1));
        return [value];
      });
      if (problems.length > 0) throw malformed(what, problems, values.length);
      if (values.length === 0) {
        throw new Fault("scheduling.trace-invalid", `an openb ${what} needs at least one row and has none`);
      }
      return values;
    },
  };
}

function readRow(fields: readonly string[], header: readonly string[], place: string, problems: string[]): Row {
  if (fields.length !== header.length) {
    const column = header[fields.length];
    problems.push(
      column === undefined
        ? `${place}, after column ${header.at(-1)}: ${fields.length} fields for ${header.length} columns`
        : `${place}, column ${column}: missing, the row ends before it`,
    );
  }
  const text = (column: string): string => (fields[header.indexOf(column)] ?? "").trim();
  const reject = (column: string, wanted: string): void => {
    problems.push(`${place}, column ${column}: wanted ${wanted}, found ${JSON.stringify(text(column))}`);
  };
  return {
    text,
    reject,
    name: (column) => {
      if (text(column) === "") reject(column, "a name");
      return text(column);
    },
    count: (column, least, most) => {
      const value = /^\d{1,16}$/.test(text(column)) ? Number(text(column)) : Number.NaN;
      if (value >= least && value <= most) return value;
      const bounds = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
      reject(column, `a whole number ${bounds}`);
      return 0;
    },
  };
}

function malformed(what: string, problems: readonly string[], rows: number): Fault {
  const others = problems.length - rowsNamedMax;
  const rest = others > 0 ? `; and ${others} more malformed ${others === 1 ? "row" : "rows"}` : "";
  return new Fault(
    "scheduling.trace-invalid",
    `the openb ${what} has ${problems.length} malformed of ${rows} rows: ${problems.slice(0, rowsNamedMax).join("; ")}${rest}: mend or remove them`,
    { details: { malformed: problems.length, rows } },
  );
}
