import type { Narration } from "../narration.ts";
import type { PlatformClient } from "../platform-client.ts";

/** Two people of the team: one makes models, the other approves them. Both hold the right to approve. */
export interface People {
  /** Ada's key, and the environment in which the command line acts as her. */
  readonly maker: string;
  readonly asAda: Readonly<Record<string, string>>;
  /** Grace's key. */
  readonly approver: string;
}

/** Stage: `millwright up --detach`, and two people with keys of their own. */
export async function startServer(client: PlatformClient, narration: Narration) {
  narration.progress("millwright up: PostgreSQL is initialised and started");
  await client.command(["up", "--detach", "--port", "0", "--gateway-port", "0"]);
  await client.connect();
  narration.say(`$ millwright up --detach   (control plane ${client.controlUrl}, gateway ${client.gatewayUrl})`);
  await client.call("POST", "/api/v1/apply", {
    manifests: [{ kind: "Team", name: "travel", spec: { description: "Predicts what happens to travellers." } }],
  });
  const key = async (identity: string): Promise<string> => {
    await client.call("POST", "/api/v1/identities", { name: identity, team: "travel", role: "approver" });
    return ((await client.call("POST", "/api/v1/keys", { identity })) as { key: string }).key;
  };
  const [maker, approver] = [await key("ada"), await key("grace")];
  narration.say("ada makes models, grace approves them; each has a key of her own");
  const people: People = { maker, approver, asAda: { MILLWRIGHT_KEY: maker, MILLWRIGHT_SERVER: client.controlUrl } };
  return { figures: {}, answer: people };
}
