import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import pc from "picocolors";
import { finish, type DemoResult } from "./demo/stages/finish.ts";
import { Narration } from "./demo/narration.ts";
import { PlatformClient } from "./demo/platform-client.ts";
import { tellStory } from "./demo/story.ts";
import { readOptions } from "../../tools/read-options.ts";

const usage = `Usage: npm run demo -- [--keep] [--json FILE] [--data-dir FOLDER]

Takes three million real flights from a raw file to a served, watched and retrained model, on this machine.

  --keep             leave the server and its data when the demo is over
  --json FILE        also write every stage's figures to FILE
  --data-dir FOLDER  keep the state there (default: a temporary folder)
`;

const values = readOptions(
  {
    keep: { type: "boolean", default: false },
    json: { type: "string" },
    "data-dir": { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
  usage,
);
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
process.exitCode = await run(values.keep, values.json, values["data-dir"]);

async function run(isKept: boolean, jsonFile: string | undefined, dataDir: string | undefined): Promise<number> {
  const folder = dataDir ?? join(await reachableTemporaryFolder(), "data");
  const client = new PlatformClient(folder, "flights");
  const narration = new Narration();
  const start = performance.now();
  process.stdout.write(`${pc.bold("Millwright")}: from raw flights to a served, watched and retrained model\n`);
  let result: DemoResult | undefined;
  try {
    const told = await tellStory(client, narration);
    result = await finish(client, narration, told, (performance.now() - start) / 1000, isKept);
    if (jsonFile !== undefined) await writeFile(jsonFile, `${JSON.stringify(result, null, 2)}\n`);
    return result.auditOk ? 0 : 1;
  } catch (error) {
    process.stderr.write(`\n${pc.red("the demo failed")}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write(`the server's log: ${join(folder, "server.log")}\n`);
    return 1;
  } finally {
    if (isKept || result === undefined) {
      process.stdout.write(
        `\n   The server is left running: millwright status --data-dir ${folder}\n   Stop it with: npm run millwright -- down --data-dir ${folder}\n`,
      );
    } else {
      await client.stopWorkloads().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
      await client.command(["down"]).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
      if (dataDir === undefined)
        await rm(join(folder, ".."), { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  }
}

/** As root, PostgreSQL runs under another account, which must be able to walk through the folder. */
async function reachableTemporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "millwright-demo-"));
  await chmod(folder, 0o711);
  return folder;
}
