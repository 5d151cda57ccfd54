import { copyFile, readFile, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endPostgres, type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { messageOf, ProjectSession } from "./project-session.ts";
import { writeSmallFlights } from "./small-chain.ts";

const program = join(import.meta.dirname, "../../src/cli/main.ts");
let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
let flights: string;
const session = new ProjectSession(() => server, "default");

beforeAll(async () => {
  directory = await temporaryDataDirectory();
  flights = place("flights.parquet");
  await writeSmallFlights(flights);
  server = await startServerProcess({ dataDir: directory.path, cwd: "/" });
});

afterAll(async () => {
  await server.end("SIGKILL");
  await endPostgres(directory.path).catch(() => undefined);
  await directory.remove();
});

/** A path beside the server's data directory. */
function place(name: string): string {
  return join(dirname(directory.path), name);
}

/** Rewrites the flights by SQL into another file. */
async function writeFlights(path: string, columns: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT ${columns} FROM read_parquet('${flights}')) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
}

describe("a dataset", () => {
  test("whose file is cut short names the file and what to do, and heals when a whole one takes its place", async () => {
    const path = place("cut.parquet");
    const whole = await readFile(flights);
    await writeFile(path, whole.subarray(0, whole.length / 2));
    await session.apply(session.resource("Dataset", "cut", { source: { path } }));

    const failed = await session.reached("datasets", "cut", "failed", "valid");
    expect(failed).toMatchObject({ phase: "failed", latestVersion: null, conditions: [{ reason: "FileUnreadable" }] });
    expect(messageOf(failed)).toContain(path);
    expect(messageOf(failed)).toContain("check that the file is whole and that the dataset's format is right");
    expect(await session.read("datasets/cut/versions")).toMatchObject({ versions: [] });

    await copyFile(flights, path);
    expect(await session.reached("datasets", "cut", "valid")).toMatchObject({ latestVersion: 1, rows: 4320 });
  });

  test("that breaks an expectation counts and shows the rows, and what stands on it keeps the valid version", async () => {
    const broken = place("broken.parquet");
    await writeFlights(
      broken,
      "* REPLACE (CASE WHEN CAST(flight_id AS INT) < 7 THEN -1 ELSE distance END AS distance)",
    );
    const declare = (path: string) =>
      session.resource("Dataset", "checked", {
        source: { path },
        expectations: [{ expect: "between", column: "distance", min: 1, max: 6000 }],
      });
    await session.apply(declare(flights));
    await session.reached("datasets", "checked", "valid");

    await session.apply(declare(broken));
    const failed = await session.reached("datasets", "checked", "failed");
    expect(failed).toMatchObject({ latestVersion: 1, conditions: [{ reason: "ExpectationViolated" }] });
    expect(failed["violations"]).toMatchObject([{ rows: 7 }]);
    const [violation] = failed["violations"] as readonly [{ readonly examples: readonly unknown[] }];
    expect(violation.examples[0]).toMatchObject({ flight_id: "0", distance: -1 });
    expect(messageOf(failed)).toMatch(
      /version 2 breaks 1 expectations: .*distance.* \(7 rows\); mend the data or the rules/,
    );

    await session.apply(
      { kind: "Pool", name: "local", spec: {} },
      session.resource("Dataset", "counted", {}),
      session.resource("Pipeline", "count", {
        inputs: { checked: "checked" },
        steps: [{ name: "counted", output: "counted", sql: "SELECT min(distance) AS least FROM checked" }],
      }),
    );
    await session.reached("pipelines", "count", "succeeded");
    const { versions } = await session.read<{
      readonly versions: readonly { readonly madeFrom: readonly string[] }[];
    }>("datasets/counted/versions");
    expect(versions[0]?.madeFrom).toContain("checked@1");
  });
});

describe("a malformed manifest", () => {
  const apply = (file: string) =>
    promisify(execFile)(process.execPath, [program, "apply", "-f", file, "--yes"], {
      env: { ...process.env, MILLWRIGHT_SERVER: server.controlUrl, MILLWRIGHT_KEY: server.key, MILLWRIGHT_PROJECT: "" },
    }).then(
      () => ({ code: 0, stderr: "" }),
      (error: unknown) => error as { readonly code: number; readonly stderr: string },
    );

  test("is shown by the command line with line, column, a caret and a suggestion, and nothing of the file is applied", async () => {
    const file = place("misspelt.yaml");
    await writeFile(
      file,
      "kind: Team\nname: half\nspec: {}\n---\nkind: Dataset\nname: typo\nspec:\n  sorce: { path: a.parquet }\n",
    );

    const refused = await apply(file);

    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("misspelt.yaml:8:3: spec.sorce: there is no such field");
    expect(refused.stderr).toMatch(/^ *(\d+ *)?\|? *\^\^\^\^\^ did you mean "source"\?$/m);
    expect(await server.call("GET", "/api/v1/teams/half")).toMatchObject({ status: 404 });
  });

  test("whose text is no YAML is shown where it breaks", async () => {
    const file = place("torn.yaml");
    await writeFile(file, 'kind: Dataset\nname: torn\nspec:\n  source: { path: "a.parquet\n');

    const refused = await apply(file);

    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('torn.yaml:4:29: Missing closing "quote');
    expect(refused.stderr).toMatch(/^ +4 \|   source: \{ path: "a\.parquet\n +\| +\^$/m);
  });

  test("is refused by the API with the path of each mistake, and nothing of it is applied", async () => {
    const answer = await server.call("POST", "/api/v1/apply", {
      manifests: [
        { kind: "Team", name: "half", spec: {} },
        { kind: "Dataset", name: "typo", spec: { expectations: [{ expect: "between", column: 3 }] } },
      ],
    });

    expect(answer).toMatchObject({
      status: 400,
      json: {
        error: {
          code: "platform.resource-invalid",
          message: expect.stringContaining("Dataset typo is not as wanted: spec.expectations.0.column"),
          details: { kind: "Dataset", name: "typo", issues: [{ path: "spec.expectations.0.column" }] },
        },
      },
    });
    expect(await server.call("GET", "/api/v1/teams/half")).toMatchObject({ status: 404 });
  });
});
