import { parseDuration } from "../../base/units.ts";
import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { toItem, toItems } from "../item.ts";
import { renderTable } from "../table.ts";

export interface IdentityCreateInput {
  readonly name: string;
  readonly kind: string;
  readonly team: string;
  readonly role: string;
}

/** Adds a person or a service with a role in a team. */
export async function identityCreate(context: CommandContext, input: IdentityCreateInput): Promise<number> {
  const client = await context.connect();
  const answer = toItem(await client.post("/api/v1/identities", input, context.signal));
  if (context.format === "json") printJson(context, { ...answer, team: input.team, role: input.role });
  else
    context.terminal.print(
      context.format === "quiet" ? input.name : `${input.name} is ${input.role} in team ${input.team}`,
    );
  sayNext(context, [`millwright key create ${input.name}`, "millwright identity list"]);
  return exitCodes.ok;
}

/** Lists people and services with their roles. */
export async function identityList(context: CommandContext): Promise<number> {
  const client = await context.connect();
  const items = toItems(await client.get("/api/v1/identities", {}, context.signal));
  if (context.format === "json") printJson(context, { items });
  else if (context.format === "quiet") for (const item of items) context.terminal.print(String(item["name"]));
  else {
    const columns = ["NAME", "KIND", "ROLES"].map((heading) => ({
      heading,
      align: "left" as const,
      canShrink: heading === "ROLES",
    }));
    const rows = items.map((item) =>
      [item["name"], item["kind"], rolesOf(item["bindings"])].map((value) => ({
        text: String(value),
        tone: "plain" as const,
      })),
    );
    for (const line of renderTable(columns, rows, context.terminal)) context.terminal.print(line);
  }
  return exitCodes.ok;
}

export interface KeyCreateInput {
  readonly identity: string;
  /** Such as `30d`; undefined: it does not expire. */
  readonly expires?: string;
}

/** Issues an API key; it is shown this once. */
export async function keyCreate(context: CommandContext, input: KeyCreateInput): Promise<number> {
  const client = await context.connect();
  const body = {
    identity: input.identity,
    ...(context.project === undefined ? {} : { project: context.project }),
    ...(input.expires === undefined ? {} : { expiresInMs: parseDuration(input.expires) }),
  };
  const answer = toItem(await client.post("/api/v1/keys", body, context.signal));
  if (context.format === "json") printJson(context, answer);
  else context.terminal.print(String(answer["key"]));
  if (context.format === "text") {
    const expires =
      typeof answer["expiresAt"] === "number"
        ? `expires ${new Date(answer["expiresAt"]).toISOString()}`
        : "does not expire";
    context.terminal.say(`key ${String(answer["id"])} of ${input.identity}; it ${expires} and is not shown again`);
  }
  sayNext(context, ["MILLWRIGHT_KEY=… millwright whoami", `millwright key revoke ${String(answer["id"])}`]);
  return exitCodes.ok;
}

export interface KeyRevokeInput {
  readonly id: string;
}

/** Revokes an API key. */
export async function keyRevoke(context: CommandContext, input: KeyRevokeInput): Promise<number> {
  const client = await context.connect();
  const answer = toItem(await client.delete(`/api/v1/keys/${encodeURIComponent(input.id)}`, context.signal));
  const isRevoked = answer["revoked"] !== false;
  if (context.format === "json") printJson(context, { id: input.id, revoked: isRevoked });
  else context.terminal.print(isRevoked ? `revoked ${input.id}` : `there is no working key ${input.id}`);
  return isRevoked ? exitCodes.ok : exitCodes.missing;
}

function rolesOf(bindings: unknown): string {
  if (!Array.isArray(bindings) || bindings.length === 0) return "-";
  return bindings
    .map((binding) => toItem(binding))
    .map((binding) => `${String(binding["role"])} in ${String(binding["team"])}`)
    .join(", ");
}
