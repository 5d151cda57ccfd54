import type { Instant, Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { PowerScope } from "./power-model.ts";

/** Watts of one node that an exporter told, GPUs added up. */
export interface NodeWatts {
  readonly node: string;
  readonly scope: PowerScope;
  readonly at: Instant;
  readonly watts: number;
}

/**
 * Metrics that are read: `node_power_watts` (a whole server, from any exporter of yours), `ipmi_dcmi_power_consumption_watts`
 * (prometheus-community/ipmi_exporter, a whole server), and `DCGM_FI_DEV_POWER_USAGE` (NVIDIA dcgm-exporter, one GPU each).
 */
const scopes: ReadonlyMap<string, PowerScope> = new Map([
  ["node_power_watts", "server"],
  ["ipmi_dcmi_power_consumption_watts", "server"],
  ["DCGM_FI_DEV_POWER_USAGE", "boards"],
]);

/** Labels that name the node, the first that is there. */
const nodeLabels = ["node", "Hostname", "hostname", "instance"];
const linesMax = 200_000;
/** More than this is no node. */
const wattsMax = 1e6;
/** Samples of exporters whose clock is far from ours are refused. */
const farMs: Millis = 3_600_000;
const linePattern = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+(-?\d+))?\s*$/;
const labelPattern = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/**
 * Reads watts from a text in Prometheus' exposition format (version 0.0.4); all other metrics are passed over.
 *
 * @param fallbackNode names the node where no label does.
 * @throws {Fault} `planning.request-invalid` with the line: a power metric without a node, without a number of watts, or with a
 * clock that is an hour off.
 */
export function readPower(text: string, now: Instant, fallbackNode: string | undefined): readonly NodeWatts[] {
  const sums = new Map<string, { node: string; scope: PowerScope; at: Instant; watts: number }>();
  const lines = text.split("\n");
  if (lines.length > linesMax) throw refuse(linesMax, `more than ${linesMax} lines; push one node at a time`);
  for (const [index, line] of lines.entries()) {
    const [, name = "", labels = "", value = "", stamp] = linePattern.exec(line) ?? [];
    const scope = scopes.get(name);
    if (scope === undefined) continue;
    const watts = Number(value);
    if (!Number.isFinite(watts) || watts < 0 || watts > wattsMax) {
      throw refuse(index + 1, `${name} must be watts from 0 to ${wattsMax}; found ${value}`);
    }
    const at = stamp === undefined ? now : Number(stamp);
    if (Math.abs(at - now) > farMs)
      throw refuse(index + 1, `${name} is of ${at}, and now is ${now}: set the clock right`);
    const node = nodeOf(labels) ?? fallbackNode;
    if (node === undefined) {
      throw refuse(index + 1, `${name} names no node; give a label node, or ?node=NAME in the address`);
    }
    const key = `${scope} ${at} ${node}`;
    const sum = sums.get(key) ?? { node, scope, at, watts: 0 };
    sum.watts += watts;
    sums.set(key, sum);
  }
  return [...sums.values()];
}

/** A port behind the name, as in `n1:9400`, is not part of it. */
function nodeOf(labels: string): string | undefined {
  const found = new Map([...labels.matchAll(labelPattern)].map(([, name = "", value = ""]) => [name, value]));
  const name = nodeLabels.map((label) => found.get(label)).find((value) => value !== undefined && value !== "");
  return name?.replace(/:\d+$/, "");
}

function refuse(line: number, message: string): Fault {
  return new Fault("planning.request-invalid", `line ${line}: ${message}`, { details: { line } });
}
