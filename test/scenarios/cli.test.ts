import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** One command may take this long; the first start of a server makes a database. */
const commandLimitMs = 120_000;

const program = join(import.meta.dirname, "../../src/cli/main.ts");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millwright-cli-"));
});
afterAll(async () => {
  await millwright(["down"]);
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly talk: string;
}

/** Runs the real program as a process of its own, without a terminal, on the data directory of this test. */
function millwright(words: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const env = {
    ...process.env,
    MILLWRIGHT_DATA_DIR: folder,
    MILLWRIGHT_SERVER: "",
    MILLWRIGHT_KEY: "",
    MILLWRIGHT_PROJECT: "",
    ...variables,
  };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...words],
      { env, timeout: commandLimitMs },
      (error, output, talk) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, output, talk });
      },
    );
    child.stdin?.end();
  });
}

async function json(words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { output, talk } = await millwright([...words, "--json"]);
  expect(output === "" ? talk : "").toBe("");
  return JSON.parse(output) as Readonly<Record<string, unknown>>;
}

test("without a server every command that needs one says how to start it, and ends with 75", async () => {
  const ended = await millwright(["get", "teams"]);

  expect(ended).toMatchObject({ code: 75, output: "" });
  expect(ended.talk).toContain(`no server runs on ${folder}; start one with: millwright up`);
});

/** Node's option that makes a program write the address of every module it loads. */
const tellsModules = `--import data:text/javascript,${encodeURIComponent(
  'import { registerHooks } from "node:module";' +
    "registerHooks({ load: (url, context, next) => (process.stderr.write(`${url}\\n`), next(url, context)) });",
)}`;

test("help starts fast: it loads names and options, none of the commands' code, and one package", async () => {
  const { code, talk } = await millwright(["--help"], { NODE_OPTIONS: tellsModules });
  const modules = talk.split("\n").filter((url) => url.startsWith("file:"));
  const packages = modules.flatMap((url) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);

  expect(code).toBe(0);
  expect(modules.filter((url) => url.endsWith("src/cli/program.ts"))).toHaveLength(1);
  expect([...new Set(packages)]).toEqual(["commander"]);
  expect(modules.filter((url) => /src\/(?!cli\/)|src\/cli\/commands\//.test(url))).toEqual([]);
});

test("help, schema and validation need no server", async () => {
  await writeFile(join(folder, "bad.yaml"), "kind: Team\nname: vision\nspec:\n  descriptoin: sees cats\n");

  expect(await millwright(["--help"])).toMatchObject({ code: 0, talk: "" });
  expect(JSON.parse((await millwright(["schema", "team"])).output)).toMatchObject({
    title: "Team",
    additionalProperties: false,
  });
  const validated = await millwright(["validate", "-f", join(folder, "bad.yaml")]);
  expect(validated.code).toBe(2);
  expect(validated.talk).toContain("bad.yaml:4:3: spec.descriptoin: there is no such field");
  expect(validated.talk).toContain('^^^^^^^^^^^ did you mean "description"?');
});

describe("with a server of its own", () => {
  const team = () => join(folder, "team.yaml");

  beforeAll(async () => {
    await writeFile(team(), "kind: Team\nname: vision\nspec:\n  description: sees cats\n");
    const started = await millwright(["up", "--detach", "--port", "0", "--gateway-port", "0"]);
    expect(started.code === 0 ? "" : started.talk).toBe("");
  });

  test("answers with the address once it is healthy, and keeps its key to its owner", async () => {
    expect(await json(["status"])).toMatchObject({ schema_version: 1, counts: { Team: 1, Project: 1 } });
    expect(await json(["whoami"])).toMatchObject({ identity: "admin", projects: null });
    expect((await stat(join(folder, "admin.key"))).mode & 0o777).toBe(0o600);
  });

  test("a second server on the same data directory is refused and names the first", async () => {
    const { pid } = JSON.parse(await readFile(join(folder, "server.json"), "utf8")) as { pid: number };

    const second = await millwright(["up", "--port", "0", "--gateway-port", "0"]);

    expect(second.code).toBe(5);
    expect(second.talk).toContain(`${pid}`);
  });

  test("apply shows the plan, wants a yes, and is idempotent", async () => {
    const asked = await millwright(["apply", "-f", team()]);
    expect(asked.code).toBe(2);
    expect(asked.talk).toContain("+ create    Team/vision");
    expect(asked.talk).toContain("add --yes");

    expect((await millwright(["apply", "-f", team(), "--yes"])).output).toBe("created   Team/vision\n");
    expect((await millwright(["apply", "-f", team(), "--yes"])).output).toBe("unchanged Team/vision\n");

    await writeFile(team(), "kind: Team\nname: vision\nspec:\n  description: sees dogs\n");
    expect((await millwright(["apply", "-f", team(), "--dry-run"])).output).toContain(
      '~ spec.description: "sees cats" → "sees dogs"',
    );
    expect((await millwright(["apply", "-f", team(), "--yes", "--quiet"])).output).toBe("Team/vision\n");
  });

  test("get, describe and events tell the same story", async () => {
    expect((await millwright(["get", "teams", "-q"])).output.split("\n")).toContain("vision");
    expect(await json(["get", "team/vision"])).toMatchObject({
      item: { generation: 2, spec: { description: "sees dogs" } },
    });

    const described = (await millwright(["describe", "team", "vision"])).output;
    expect(described).toContain("Team/vision");
    expect(described).toContain("description: sees dogs");
    expect(described).toContain("updated");

    const { output } = await millwright(["events", "--kind", "Team", "--name", "vision", "--json"]);
    const lines = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { verb: string; schema_version: number });
    expect(lines.map(({ verb }) => verb)).toEqual(["created", "updated"]);
    expect(lines[0]?.schema_version).toBe(1);
  });

  test("wait ends at once for what is so, and with 7 for what does not come", async () => {
    expect((await millwright(["wait", "team/vision", "--for", "phase=active"])).code).toBe(0);
    expect((await millwright(["wait", "team/vision", "--for", "phase=gone", "--timeout", "600ms"])).code).toBe(7);
  });

  test("another identity's key has that identity's rights, and no key has none", async () => {
    expect((await millwright(["identity", "create", "ada", "--role", "viewer", "--team", "vision"])).code).toBe(0);
    const key = (await millwright(["key", "create", "ada", "--expires", "1h", "-q"])).output.trim();

    expect((await millwright(["whoami"], { MILLWRIGHT_KEY: key })).output).toBe("ada\n");
    const refused = await millwright(["apply", "-f", team(), "--yes", "--json"], { MILLWRIGHT_KEY: key });
    expect(refused.code).toBe(4);
    expect(JSON.parse(refused.talk.trim().split("\n").at(-1) ?? "")).toMatchObject({
      error: { code: "tenancy.forbidden" },
    });
    expect((await millwright(["whoami"], { MILLWRIGHT_KEY: "mw_wrong" })).code).toBe(4);
  });

  test("delete wants a yes, and what is gone is missing", async () => {
    expect((await millwright(["delete", "team", "vision"])).code).toBe(2);
    expect((await millwright(["delete", "team/vision", "--yes"])).code).toBe(0);
    expect((await millwright(["wait", "team/vision", "--for", "deleted", "--timeout", "30s"])).code).toBe(0);
    expect((await millwright(["get", "team/vision"])).code).toBe(3);
  });

  test("the event log is proven whole and can be taken away", async () => {
    expect(await json(["audit", "verify"])).toMatchObject({ isWhole: true, firstBad: null });
    const lines = (await millwright(["audit", "export"])).output.trim().split("\n");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ checkpoint: { size: lines.length - 1 } });
  });

  test("down stops it, and is fine when nothing runs", async () => {
    expect((await millwright(["down"])).output).toContain("stopped (pid");
    const again = await millwright(["down"]);
    expect(again).toMatchObject({ code: 0, output: "" });
    expect((await millwright(["status"])).code).toBe(75);
  });
});
