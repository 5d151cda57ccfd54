import * as z from "zod";
import { Fault } from "../base/fault.ts";
import {
  type DraftQuestion,
  type LedgerHour,
  ledgerHoursMax,
  type RecordedWorkload,
  recordedWorkloadSchema,
} from "../planning/live/model.ts";
import type { ApiClient } from "./api-client.ts";
import type { CommandContext } from "./command-context.ts";
import { readField, readText } from "./field-path.ts";
import { type Item, toItem, toItems } from "./item.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** The ledger is asked for so many days at once; an answer holds 10,000 lines, and is asked for by halves when it is full. */
const daysPerQuestion = 7;
const linesMax = 10_000;
/** Days of the queue that are packed: a month holds its weeks. */
const queueDaysMax = 30;

/** What of the past is looked at, and for which GPU is planned. */
export interface LiveDemandAsk {
  readonly days: number;
  /** Left out: the one that held the most time. */
  readonly gpu: string | undefined;
  /** Whether the recorded queue of the last 30 days comes with it. */
  readonly isQueueRead: boolean;
}

/** What the ledger told, before it is said what is given besides. */
type LiveDemand = Omit<DraftQuestion, "hasStages">;

/**
 * Reads from the server's ledger who held GPUs, for what, in every hour until yesterday ended.
 *
 * @throws {Fault} `cli.argument-invalid` when no GPU is named, in the ledger or by the caller.
 */
export async function readLiveDemand(context: CommandContext, ask: LiveDemandAsk): Promise<LiveDemand> {
  const client = await context.connect();
  const { signal } = context;
  const to = Math.floor(context.clock.now() / dayMs) * dayMs;
  const from = to - ask.days * dayMs;
  const hours = await readHours(context, client, { from, to });
  const projects = toItems(toItem(await client.get("/api/v1/projects", {}, signal)));
  return {
    hours,
    queue: ask.isQueueRead ? await readQueue(context, client, { from, to }) : [],
    until: new Date(to - dayMs).toISOString().slice(0, "2026-12-01".length),
    teams: Object.fromEntries(projects.map((item) => [readText(item, "name"), readText(item, "spec.team", "")])),
    gpu: ask.gpu ?? (await mostUsedGpu(client, { from, to }, signal)),
  };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Hours with use, the newest days first, until there are as many as a plan is drawn up from. */
async function readHours(context: CommandContext, client: ApiClient, { from, to }: Span): Promise<LedgerHour[]> {
  const hours: LedgerHour[] = [];
  for (let end = to; end > from; end -= daysPerQuestion * dayMs) {
    const begin = Math.max(from, end - daysPerQuestion * dayMs);
    const week = await readSpan(context, client, { from: begin, to: end });
    if (hours.length + week.length > ledgerHoursMax) {
      const since = new Date(end).toISOString().slice(0, "2026-12-01".length);
      context.terminal.say(`the ledger is read from ${since} on: ${ledgerHoursMax} lines are the most`);
      break;
    }
    hours.push(...week);
  }
  return hours;
}

async function readSpan(
  context: CommandContext,
  client: ApiClient,
  { from, to }: Span,
): Promise<readonly LedgerHour[]> {
  const query = { by: "hour,purpose,project", from, to };
  const items = toItems(toItem(await client.get("/api/v1/usage", query, context.signal)));
  if (items.length < linesMax) return items.map(toLedgerHour).filter((each) => each.gpuSeconds > 0);
  if (to - from <= hourMs) {
    context.terminal.say(`the ledger has more than ${linesMax} lines in one hour; some are left out`);
    return items.map(toLedgerHour).filter((each) => each.gpuSeconds > 0);
  }
  const middle = from + Math.ceil((to - from) / hourMs / 2) * hourMs;
  return [
    ...(await readSpan(context, client, { from, to: middle })),
    ...(await readSpan(context, client, { from: middle, to })),
  ];
}

/** The queue as it was recorded, of the last days of the span. */
async function readQueue(context: CommandContext, client: ApiClient, { from, to }: Span): Promise<RecordedWorkload[]> {
  const query = { from: Math.max(from, to - queueDaysMax * dayMs), to };
  const items = toItems(toItem(await client.get("/api/v1/usage/queue", query, context.signal)));
  return z.array(recordedWorkloadSchema).parse(items);
}

function toLedgerHour(item: Item): LedgerHour {
  return {
    hour: readText(item, "hour"),
    purpose: readText(item, "purpose"),
    project: readText(item, "project"),
    gpuSeconds: gpuSeconds(item),
  };
}

/** Held time of every worth: a GPU that idled or worked for nothing was not free for others. */
function gpuSeconds(item: Item): number {
  const parts = ["useful", "idle", "lost", "open"].map((worth) => readField(item, `gpuSeconds.${worth}`));
  return parts.reduce<number>((sum, part) => sum + (typeof part === "number" ? part : 0), 0);
}

async function mostUsedGpu(
  client: ApiClient,
  span: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<string> {
  const items = toItems(toItem(await client.get("/api/v1/usage", { by: "model", ...span }, signal)));
  const named = items.filter((item) => typeof item["model"] === "string" && gpuSeconds(item) > 0);
  const [most] = named.toSorted((left, right) => gpuSeconds(right) - gpuSeconds(left));
  if (most !== undefined) return readText(most, "model");
  throw new Fault(
    "cli.argument-invalid",
    "the ledger names no GPU in that time; name the one to plan with: --gpu H100",
  );
}
