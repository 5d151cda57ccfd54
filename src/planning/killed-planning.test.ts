import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { freshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { seededRandom } from "../base/random.ts";
import { PowerStore } from "./power-store.ts";
import { PredictionStore } from "./prediction-store.ts";

const program = fileURLToPath(new URL("./fixtures/planning-plane.ts", import.meta.url));
const seed = 20_261_126;
const nodesCount = 1500;
const killsCount = 6;
/** The longest that a process lives after it began to look. */
const lifeMsMax = 60;
const hourMs = 3_600_000;

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

test(`a server that is killed while it compares settles every prediction once, with what was measured (seed ${seed})`, async () => {
  const platform = await freshPlatform();
  const random = seededRandom(seed);
  const store = new PredictionStore(platform.database.withTables());
  const hourAt = Math.floor(Date.now() / hourMs) * hourMs - 2 * hourMs;
  const names = Array.from({ length: nodesCount }, (_, index) => `n${index}`);
  const power = new PowerStore(platform.database.withTables());
  const wattsOf = (index: number): number => 5000 + index;
  for (let times = 0; times < 3; times += 1) {
    await power.add(
      names.map((node, index) => ({ node, scope: "server", at: hourAt + times, watts: wattsOf(index), heldShare: 1 })),
    );
  }
  const foreseen = { project: "", group: "H100-SXM server", low: 1, likely: 5000, high: 9000, at: hourAt } as const;
  const predictions = names.map((node) => ({
    kind: "power" as const,
    subject: `node/${node}/server@${hourAt}`,
    ...foreseen,
    dueAt: hourAt + hourMs,
    load: { heldShare: 1, hourAt },
  }));
  await store.keep(predictions, null);
  await sql`create table settled_log (subject text, measured double precision)`.execute(platform.database);
  await sql`create function note_settled() returns trigger language plpgsql as $$
    begin insert into settled_log values (new.subject, new.measured); return new; end $$`.execute(platform.database);
  await sql`create trigger note after update on planning_prediction for each row execute function note_settled()`.execute(
    platform.database,
  );
  await platform.resources.apply("tester", { kind: "Team", name: "owners", spec: { description: "" } });
  // The site looks when something happens to a pool, a deployment or a workload.
  const wakes = { kind: "Pool", name: "training", spec: { role: "training", driver: "local" } };
  await platform.resources.apply("tester", wakes);
  const openCount = async (): Promise<number> => {
    const { rows } = await sql<{ n: number }>`
      select count(*)::integer as n from planning_prediction where settled_at is null and kind = 'power'`.execute(
      platform.database,
    );
    return rows[0]?.n ?? 0;
  };
  for (let count = 0; count <= killsCount; count += 1) {
    const child = spawn(process.execPath, ["--no-warnings", program, platform.url, platform.dataDirectory], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const from = performance.now();
    const lifeMs = random.next() * lifeMsMax;
    if (count < killsCount) await until("its time is over", () => performance.now() - from > lifeMs);
    else await until("all is compared", async () => (await openCount()) === 0);
    await kill(child);
  }
  const { rows } = await sql<{ subject: string; measured: number; times: number }>`
    select subject, max(measured) as measured, count(*)::integer as times from settled_log group by subject`.execute(
    platform.database,
  );
  await platform.close();

  expect(rows).toHaveLength(nodesCount);
  expect(rows.filter(({ times }) => times !== 1)).toEqual([]);
  const measured = new Map(rows.map((row) => [row.subject, row.measured]));
  names.forEach((name, index) => expect(measured.get(`node/${name}/server@${hourAt}`)).toBe(wattsOf(index)));
}, 180_000);
