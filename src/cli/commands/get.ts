import { kinds } from "../../server/kinds.ts";
import type { ApiClient } from "../api-client.ts";
import { type CommandContext, printJson, printJsonLine } from "../command-context.ts";
import { newestPlace, watchEvents } from "../event-feed.ts";
import { exitCodes } from "../exit-code.ts";
import { findItem, type Item, listItems, nameOf, projectOf } from "../item.ts";
import { renderItems } from "../item-table.ts";
import { allNouns, findNoun, type Noun } from "../noun.ts";
import { parseTarget } from "../target.ts";

export interface GetInput {
  /** `KIND`, `KIND NAME` or `KIND/NAME`. */
  readonly words: readonly string[];
  readonly output?: string;
  readonly watch?: boolean;
}

interface Listing {
  readonly noun: Noun;
  readonly name: string | undefined;
  readonly isWide: boolean;
}

/** Lists resources or shows one of them as a row. */
export async function get(context: CommandContext, input: GetInput): Promise<number> {
  const [first = "", second] = input.words;
  const target =
    second === undefined && !first.includes("/") ? { kind: first, name: undefined } : parseTarget(input.words);
  const noun = findNoun(target.kind ?? "", allNouns(kinds));
  const listing: Listing = { noun, name: target.name, isWide: input.output === "wide" };
  const client = await context.connect();
  if (input.watch === true) return watch(context, client, listing);
  show(context, listing, await read(context, client, listing));
  return exitCodes.ok;
}

async function read(context: CommandContext, client: ApiClient, listing: Listing): Promise<readonly Item[]> {
  const { noun, name } = listing;
  if (name !== undefined) return [await findItem(client, noun, name, context.project, context.signal)];
  return listItems(client, noun, context.project, context.signal);
}

function show(context: CommandContext, listing: Listing, items: readonly Item[]): number {
  if (context.format === "json") {
    printJson(
      context,
      listing.name === undefined ? { kind: listing.noun.kind, items } : { kind: listing.noun.kind, item: items[0] },
    );
    return 0;
  }
  if (context.format === "quiet") {
    for (const item of items) context.terminal.print(nameOf(item));
    return items.length;
  }
  if (items.length === 0) {
    const place = context.project === undefined ? "" : ` in project ${context.project}`;
    context.terminal.say(
      `no ${listing.noun.plural}${place}; make one with: millwright apply -f FILE (fields: millwright schema ${listing.noun.kind})`,
    );
    return 0;
  }
  const lines = draw(context, listing, items);
  for (const line of lines) context.terminal.print(line);
  return lines.length;
}

function draw(context: CommandContext, listing: Listing, items: readonly Item[]): readonly string[] {
  return renderItems(listing.noun, items, {
    isWide: listing.isWide,
    showsProject: context.project === undefined,
    now: context.clock.now(),
    width: context.terminal.width,
    paint: context.terminal.paint,
  });
}

/** Draws the table again in place after each change; without a terminal, prints the rows that changed. */
async function watch(context: CommandContext, client: ApiClient, listing: Listing): Promise<number> {
  const place = await newestPlace(client, context.signal);
  let items = await read(context, client, listing);
  let drawn = context.format === "json" ? showChanged(context, listing, [], items) : show(context, listing, items);
  for await (const event of watchEvents(context, client, place)) {
    if (event.subject.kind !== listing.noun.kind) continue;
    const before = items;
    items = await read(context, client, listing);
    if (context.terminal.isTerminal && context.format === "text") {
      context.terminal.eraseLines(Math.min(drawn, context.terminal.height - 1));
      drawn = show(context, listing, items);
    } else showChanged(context, listing, before, items);
  }
  return exitCodes.ok;
}

function showChanged(
  context: CommandContext,
  listing: Listing,
  before: readonly Item[],
  after: readonly Item[],
): number {
  const known = new Map(before.map((item) => [identityOf(item), JSON.stringify(item)]));
  const changed = after.filter((item) => known.get(identityOf(item)) !== JSON.stringify(item));
  for (const item of changed) {
    if (context.format === "json") printJsonLine(context, { kind: listing.noun.kind, item });
    else if (context.format === "quiet") context.terminal.print(nameOf(item));
  }
  if (context.format === "text" && changed.length > 0) {
    for (const line of draw(context, listing, changed).slice(1)) context.terminal.print(line);
  }
  return changed.length;
}

function identityOf(item: Item): string {
  return `${projectOf(item) ?? "-"}/${nameOf(item)}`;
}
