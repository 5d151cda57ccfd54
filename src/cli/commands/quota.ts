import { formatMemory } from "../../base/units.ts";
import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readField, readText } from "../field-path.ts";
import { type Item, toItem, toItems, toList } from "../item.ts";
import { renderTable, type TableCell } from "../table.ts";

/** Shows the quota tree as it is used: what each node has, uses, borrows and lends. */
export async function quota(context: CommandContext): Promise<number> {
  const client = await context.connect();
  const answer = toItem(await client.get("/api/v1/quota-usage", {}, context.signal));
  const items = toItems(answer);
  if (context.format === "json") printJson(context, answer);
  else if (context.format === "quiet") for (const item of items) context.terminal.print(String(item["id"]));
  else for (const line of renderQuotas(context, items)) context.terminal.print(line);
  return exitCodes.ok;
}

const headings = [
  "QUOTA",
  "RESOURCE",
  "NOMINAL",
  "USED",
  "BORROWED",
  "LENT",
  "MAY BORROW",
  "SHARE",
  "PAST",
  "WAITING",
] as const;

function renderQuotas(context: CommandContext, items: readonly Item[]): readonly string[] {
  const columns = headings.map((heading) => ({
    heading,
    align: heading === "QUOTA" || heading === "RESOURCE" ? ("left" as const) : ("right" as const),
    canShrink: false,
  }));
  const rows = inTreeOrder(items).flatMap(({ item, depth }) => rowsOf(item, depth));
  return renderTable(columns, rows, context.terminal);
}

/** Parents before their children, each level by name. A node whose parent is not shown stands at the top. */
function inTreeOrder(items: readonly Item[]): readonly { readonly item: Item; readonly depth: number }[] {
  const ids = new Set(items.map((item) => String(item["id"])));
  const parentOf = (item: Item): string | null => {
    const parent = item["parent"];
    return typeof parent === "string" && ids.has(parent) ? parent : null;
  };
  const children = Map.groupBy(items, parentOf);
  const walk = (parent: string | null, depth: number): readonly { readonly item: Item; readonly depth: number }[] =>
    (children.get(parent) ?? [])
      .toSorted((left, right) => (String(left["id"]) < String(right["id"]) ? -1 : 1))
      .flatMap((item) => [{ item, depth }, ...walk(String(item["id"]), depth + 1)]);
  return walk(null, 0);
}

/** One line for each resource that a quota speaks of or that is used; one line for a node without any. */
function rowsOf(item: Item, depth: number): readonly (readonly TableCell[])[] {
  const name = `${"  ".repeat(depth)}${readText(item, "id")}`;
  const told = toList(item, "resources").filter(
    (resource) => resource["nominal"] !== null || Number(resource["used"]) > 0,
  );
  const figures = [share(item, "share"), share(item, "pastShare"), readText(item, "waiting", "0")];
  const lines: readonly (readonly string[])[] =
    told.length === 0
      ? [[name, "-", "-", "-", "-", "-", "-", ...figures]]
      : told.map((resource, index) => [
          index === 0 ? name : "",
          readText(resource, "resource"),
          ...["nominal", "used", "borrowed", "lent", "borrowingLimit"].map((field) => amountAt(resource, field)),
          ...(index === 0 ? figures : []),
        ]);
  return lines.map((line) => line.map((text) => ({ text, tone: "plain" as const })));
}

function share(item: Item, field: string): string {
  const value = readField(item, field);
  return typeof value === "number" ? `${(100 * value).toFixed(0)}%` : "-";
}

function amountAt(resource: Item, field: string): string {
  const amount = resource[field];
  const name = readText(resource, "resource");
  if (typeof amount !== "number") return "-";
  if (name === "memory") return formatMemory(amount);
  return name === "cpu" || name === "gpu" || name.startsWith("gpu:") ? String(amount / 1000) : String(amount);
}
