import type { Command } from "commander";
import type { Act } from "./command-action.ts";
import { collect, wholeNumber } from "./option-value.ts";

/** The server itself: start, stop, look, and who may use it. */
export function addServerCommands(program: Command, act: Act): void {
  const up = program
    .command("up")
    .description("start the server")
    .option("-d, --detach", "as a process of its own; answers once it is healthy")
    .option("--host <address>", "listen here (127.0.0.1)")
    .option("--port <number>", "control plane and UI (7700); 0 picks a free one", wholeNumber(0))
    .option("--gateway-port <number>", "model gateway (7701); 0 picks a free one", wholeNumber(0))
    .option("--gateway-workers <number>", "processes of the gateway (1); up to one a core helps", wholeNumber(1))
    .option("--database-url <url>", "an external PostgreSQL (DATABASE_URL)")
    .option("--data-root <folder>", "a folder that YAML files may name, besides this one; repeatable", collect);
  act(up, async (context, options) => (await import("./commands/up.ts")).up(context, options));

  const down = program
    .command("down")
    .description("stop the server; replicas and other running tasks go on, and the next server finds them")
    .option("--all", "stop these too, each within its grace; they wait and go on at the next start")
    .option("--timeout <duration>", "with --all, how long that may take", "90s");
  act(down, async (context, options) => {
    const asked = { all: options["all"] === true, timeout: String(options["timeout"]) };
    return await (await import("./commands/down.ts")).down(context, asked);
  });

  const status = program.command("status").description("how the server is");
  act(status, async (context) => (await import("./commands/status.ts")).status(context));

  addAudit(program, act);
  addIdentities(program, act);

  const whoami = program.command("whoami").description("who the key belongs to");
  act(whoami, async (context) => (await import("./commands/whoami.ts")).whoami(context));

  const version = program.command("version").description("versions of this program and of the server");
  act(version, async (context) => (await import("./commands/version.ts")).version(context));

  const completion = program
    .command("completion")
    .description("a completion script for the shell: source <(millwright completion bash)")
    .argument("<shell>", "bash, zsh or fish");
  act(completion, async (context, _options, [shell = ""]) =>
    (await import("./commands/completion.ts")).completion(context, { shell, program }),
  );
}

function addAudit(program: Command, act: Act): void {
  const audit = program.command("audit").description("the event log as evidence");
  const verify = audit.command("verify").description("prove the event log whole, or name its first bad entry");
  act(verify, async (context) => (await import("./commands/audit.ts")).auditVerify(context));
  const exported = audit
    .command("export")
    .description("the whole log as lines of JSON, its newest signed checkpoint first");
  act(exported, async (context) => (await import("./commands/audit.ts")).auditExport(context));
}

function addIdentities(program: Command, act: Act): void {
  const identity = program.command("identity").description("people and services");
  const create = identity
    .command("create")
    .description("add a person or a service with a role, or change the role")
    .argument("<name>", "such as ada")
    .option("--role <role>", "viewer, member, approver or admin", "member")
    .option("--team <team>", "a team, or * for the whole platform", "default")
    .option("--kind <kind>", "person or service", "person");
  act(create, async (context, options, [name = ""]) =>
    (await import("./commands/identity.ts")).identityCreate(context, {
      name,
      kind: String(options["kind"]),
      team: String(options["team"]),
      role: String(options["role"]),
    }),
  );
  const list = identity.command("list").description("who is known, with their roles");
  act(list, async (context) => (await import("./commands/identity.ts")).identityList(context));

  const key = program.command("key").description("API keys");
  const createKey = key
    .command("create")
    .description("issue a key, shown this once; --project binds it to one project")
    .argument("<identity>", "whose key")
    .option("--expires <duration>", "such as 30d; never unless given");
  act(createKey, async (context, options, [name = ""]) =>
    (await import("./commands/identity.ts")).keyCreate(context, { ...options, identity: name }),
  );
  const revoke = key.command("revoke").description("stop a key from working").argument("<id>", "the key's id");
  act(revoke, async (context, _options, [id = ""]) =>
    (await import("./commands/identity.ts")).keyRevoke(context, { id }),
  );
}
