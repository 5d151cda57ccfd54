import { Fault } from "../base/fault.ts";
import type { DraftQuestion, LedgerDay } from "../planning/live/model.ts";
import type { ApiClient } from "./api-client.ts";
import type { CommandContext } from "./command-context.ts";
import { readField, readText } from "./field-path.ts";
import { type Item, toItem, toItems } from "./item.ts";

const dayMs = 86_400_000;
/** The ledger is asked for so many days at once: an answer holds 10,000 lines. */
const daysPerQuestion = 30;
const linesMax = 10_000;

/** What of the past is looked at, and for which GPU is planned. */
export interface LiveDemandAsk {
  readonly days: number;
  /** Left out: the one that held the most time. */
  readonly gpu: string | undefined;
}

/**
 * Reads from the server's ledger who held GPUs, for what, on every whole day until yesterday.
 *
 * @throws {Fault} `cli.argument-invalid` when no GPU is named, in the ledger or by the caller.
 */
export async function readLiveDemand(context: CommandContext, ask: LiveDemandAsk): Promise<DraftQuestion> {
  const client = await context.connect();
  const { signal } = context;
  const to = Math.floor(context.clock.now() / dayMs) * dayMs;
  const from = to - ask.days * dayMs;
  const days: LedgerDay[] = [];
  for (let begin = from; begin < to; begin += daysPerQuestion * dayMs) {
    const query = { by: "day,purpose,project", from: begin, to: Math.min(to, begin + daysPerQuestion * dayMs) };
    const items = toItems(toItem(await client.get("/api/v1/usage", query, signal)));
    if (items.length >= linesMax)
      context.terminal.say(`the ledger has more than ${linesMax} lines in a month; some are left out`);
    days.push(...items.map(toLedgerDay).filter((each) => each.gpuSeconds > 0));
  }
  const projects = toItems(toItem(await client.get("/api/v1/projects", {}, signal)));
  return {
    days,
    until: new Date(to - dayMs).toISOString().slice(0, "2026-12-01".length),
    teams: Object.fromEntries(projects.map((item) => [readText(item, "name"), readText(item, "spec.team", "")])),
    gpu: ask.gpu ?? (await mostUsedGpu(client, { from, to }, signal)),
  };
}

function toLedgerDay(item: Item): LedgerDay {
  return {
    day: readText(item, "day"),
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
