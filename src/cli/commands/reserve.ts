import { Fault } from "../../base/fault.ts";
import { parseIsoDate } from "../../base/iso-date.ts";
import { parseDuration } from "../../base/units.ts";
import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { confirm } from "../confirmation.ts";
import { exitCodes } from "../exit-code.ts";
import { readText } from "../field-path.ts";
import { toItem, toItems, toList } from "../item.ts";
import { formatInstant } from "../relative-time.ts";
import { renderTable, type TableCell } from "../table.ts";
import { toneOf } from "../tone.ts";

export interface ReserveCreateInput {
  readonly name: string;
  readonly pool: string;
  /** Nodes by name; or how many. */
  readonly node?: readonly string[];
  readonly count?: number;
  /** A moment in UTC; absent: now. */
  readonly start?: string;
  readonly end?: string;
  /** In place of `end`: how long, such as `4h`. */
  readonly for?: string;
  readonly queue?: readonly string[];
  readonly reason?: string;
}

/** Sets nodes aside for a time. */
export async function reserveCreate(context: CommandContext, input: ReserveCreateInput): Promise<number> {
  const start = input.start === undefined ? context.clock.now() : momentOf("--start", input.start);
  const spec = {
    pool: input.pool,
    ...(input.node === undefined ? { count: input.count ?? 1 } : { nodes: input.node }),
    start: new Date(start).toISOString(),
    end: new Date(endOf(input, start)).toISOString(),
    queues: input.queue ?? [],
    reason: input.reason ?? "",
  };
  const client = await context.connect();
  const manifest = { kind: "Reservation", name: input.name, spec };
  const answer = toItem(await client.post("/api/v1/apply", { manifests: [manifest] }, context.signal));
  const [result] = toList(answer, "results");
  const outcome = readText(result, "outcome", "created");
  if (context.format === "json") printJson(context, { name: input.name, outcome, spec });
  else context.terminal.print(context.format === "quiet" ? input.name : `${outcome} reservation ${input.name}`);
  sayNext(context, ["millwright reserve list", `millwright reserve cancel ${input.name}`]);
  return exitCodes.ok;
}

function endOf(input: ReserveCreateInput, start: number): number {
  if ((input.end === undefined) === (input.for === undefined)) {
    throw new Fault("cli.argument-invalid", "until when? give --end or --for, one of the two");
  }
  return input.end === undefined ? start + parseDuration(input.for ?? "") : momentOf("--end", input.end);
}

function momentOf(option: string, text: string): number {
  const moment = parseIsoDate(text);
  if (moment !== undefined) return moment;
  throw new Fault("cli.argument-invalid", `${option} ${text} is no moment; write 2026-02-01T06:30:00Z`);
}

/** Lists reservations. */
export async function reserveList(context: CommandContext): Promise<number> {
  const client = await context.connect();
  const items = toItems(await client.get("/api/v1/reservations", {}, context.signal));
  if (context.format === "json") printJson(context, { items });
  else if (context.format === "quiet") for (const item of items) context.terminal.print(String(item["name"]));
  else if (items.length === 0) context.terminal.say("nothing is set aside");
  else {
    const columns = ["NAME", "PHASE", "POOL", "NODES", "START", "END", "FOR", "MESSAGE"].map((heading) => ({
      heading,
      align: "left" as const,
      canShrink: heading === "NODES" || heading === "MESSAGE",
    }));
    const now = context.clock.now();
    const rows = items.map((item): readonly TableCell[] => {
      const phase = readText(item, "status.phase");
      return [
        { text: readText(item, "name"), tone: "plain" },
        { text: phase, tone: toneOf(phase) },
        { text: readText(item, "spec.pool"), tone: "plain" },
        { text: readText(item, "status.nodes", "-"), tone: "plain" },
        { text: when(readText(item, "spec.start"), now), tone: "plain" },
        { text: when(readText(item, "spec.end"), now), tone: "plain" },
        { text: readText(item, "spec.queues", "nobody"), tone: "plain" },
        { text: readText(item, "status.message"), tone: "dim" },
      ];
    });
    for (const line of renderTable(columns, rows, context.terminal)) context.terminal.print(line);
  }
  return exitCodes.ok;
}

function when(text: string, now: number): string {
  const moment = parseIsoDate(text);
  return moment === undefined ? text : formatInstant(moment, now);
}

export interface ReserveCancelInput {
  readonly name: string;
  readonly yes?: boolean;
}

/** Gives reserved nodes back. */
export async function reserveCancel(context: CommandContext, { name, yes }: ReserveCancelInput): Promise<number> {
  if (yes !== true && !(await confirm(context, `Cancel reservation ${name}?`))) {
    context.terminal.say("nothing was changed");
    return exitCodes.failed;
  }
  const client = await context.connect();
  await client.delete(`/api/v1/reservations/${encodeURIComponent(name)}`, context.signal);
  if (context.format === "json") printJson(context, { name, cancelled: true });
  else context.terminal.print(context.format === "quiet" ? name : `cancelled reservation ${name}`);
  sayNext(context, ["millwright reserve list"]);
  return exitCodes.ok;
}
