import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isFault } from "../../src/base/fault.ts";
import type { SqlEngine } from "../../src/data/ports.ts";
import { parquetRelation } from "../../src/data/quote-sql.ts";

/** An engine under test, with what ends it. */
export interface OpenSqlEngine {
  readonly engine: SqlEngine;
  close(): Promise<void>;
}

const never = new AbortController().signal;
/** A query that no machine finishes while a test waits. */
const endlessQuery = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE a.range % 7 = b.range % 11";

/** What every `SqlEngine` must do. */
export function describeSqlEngine(name: string, open: (folder: string) => Promise<OpenSqlEngine>): void {
  describe(`${name} keeps the contract of SqlEngine`, () => {
    let folder = "";
    let opened: OpenSqlEngine;
    const path = (file: string): string => join(folder, "out", file);
    const ask = (statements: readonly string[], files: readonly string[] = [], maxRows = 100) =>
      opened.engine.query(statements, { maxRows, files, signal: never });

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "sql-engine-"));
      opened = await open(join(folder, "engine"));
      await opened.engine.writeParquet(
        ["SELECT range AS id, range * 2 AS twice FROM range(1000)"],
        path("numbers.parquet"),
        {
          files: [],
          signal: never,
        },
      );
    });
    afterAll(async () => {
      await opened.close();
      await rm(folder, { recursive: true, force: true });
    });

    test("answers with the last statement's rows as plain values", async () => {
      const result = await ask([
        "CREATE TEMP TABLE seen AS SELECT 7::BIGINT AS whole, 1.5::DECIMAL(9, 2) AS exact, TIMESTAMP '2001-02-03 04:05:06.789' AS moment",
        "SELECT whole, exact, moment, true AS yes, NULL AS none, 'text' AS text, DATE '1970-01-02' AS day FROM seen",
      ]);

      expect(result.columns.map((column) => column.name)).toEqual([
        "whole",
        "exact",
        "moment",
        "yes",
        "none",
        "text",
        "day",
      ]);
      expect(result.rows).toEqual([[7, 1.5, Date.UTC(2001, 1, 3, 4, 5, 6, 789), true, null, "text", 86_400_000]]);
    });

    test("answers with at most maxRows rows", async () => {
      expect((await ask(["SELECT * FROM range(100000)"], [], 5)).rows).toHaveLength(5);
    });

    test("gives every call a session of its own", async () => {
      await ask(["CREATE TABLE left_over AS SELECT 1", "SELECT 1"]);

      await expect(ask(["SELECT * FROM left_over"])).rejects.toSatisfy((error) => isFault(error, "data.query-failed"));
    });

    test("writes Parquet that it can read again", async () => {
      const result = await ask(
        [`SELECT count(*), sum(twice) FROM ${parquetRelation(path("numbers.parquet"))}`],
        [path("numbers.parquet")],
      );

      expect(result.rows).toEqual([[1000, 999_000]]);
    });

    test("reads no file that it was not given", async () => {
      const file = path("numbers.parquet");

      await expect(ask([`SELECT * FROM ${parquetRelation(file)}`])).rejects.toSatisfy((error) =>
        isFault(error, "data.query-failed"),
      );
      await expect(ask(["SELECT * FROM read_csv('/etc/passwd')"], [file])).rejects.toSatisfy((error) => isFault(error));
    });

    test("refuses a text that smuggles in a second statement", async () => {
      await expect(ask(["SELECT 1; SELECT 2"])).rejects.toSatisfy((error) => isFault(error, "data.query-failed"));
      await expect(
        opened.engine.writeParquet(
          [`SELECT 1) TO '${path("smuggled.parquet")}'; COPY (SELECT 2`],
          path("smuggled.parquet"),
          {
            files: [],
            signal: never,
          },
        ),
      ).rejects.toSatisfy((error) => isFault(error, "data.query-failed"));
      expect(await readdir(join(folder, "out"))).not.toContain("smuggled.parquet");
    });

    test("names the file that it cannot read", async () => {
      const torn = join(folder, "torn.parquet");
      await writeFile(torn, (await readFile(path("numbers.parquet"))).subarray(0, 500));

      for (const file of [torn, join(folder, "absent.parquet")]) {
        await expect(ask([`SELECT * FROM ${parquetRelation(file)}`], [file])).rejects.toSatisfy(
          (error) => isFault(error, "data.file-unreadable") && error.message.includes(file),
        );
      }
    });

    test("tells what is wrong with a query", async () => {
      await expect(ask(["SELECT nonsense FROM range(3)"])).rejects.toThrow(/nonsense/);
    });

    test("leaves nothing half-written when a write fails, and keeps the file that was there", async () => {
      const file = path("kept.parquet");
      await opened.engine.writeParquet(["SELECT 1 AS one"], file, { files: [], signal: never });
      const failing = "SELECT CASE WHEN range = 299999 THEN error('broken') ELSE 'x' END AS text FROM range(300000)";

      await expect(opened.engine.writeParquet([failing], file, { files: [], signal: never })).rejects.toSatisfy(
        (error) => isFault(error, "data.query-failed"),
      );

      expect((await ask([`SELECT * FROM ${parquetRelation(file)}`], [file])).rows).toEqual([[1]]);
      expect((await readdir(join(folder, "out"))).toSorted()).toEqual(["kept.parquet", "numbers.parquet"]);
    });

    test("stops at once when the caller gives up, and serves the next caller", async () => {
      const controller = new AbortController();
      const endless = opened.engine.query([endlessQuery], { maxRows: 1, files: [], signal: controller.signal });
      controller.abort(new Error("gave up"));

      await expect(endless).rejects.toThrow("gave up");
      expect((await ask(["SELECT 1"])).rows).toEqual([[1]]);
    });

    test("serves more callers than it has sessions, and forgets those that gave up waiting", async () => {
      const controller = new AbortController();
      const long = [0, 1, 2, 3].map(() =>
        opened.engine.query([endlessQuery], { maxRows: 1, files: [], signal: controller.signal }),
      );
      const settled = Promise.allSettled(long);
      controller.abort(new Error("gave up"));

      expect((await settled).map((each) => each.status)).toEqual(Array(4).fill("rejected"));
      const answers = await Promise.all([1, 2, 3, 4].map((number) => ask([`SELECT ${number}`])));
      expect(answers.map((answer) => answer.rows)).toEqual([[[1]], [[2]], [[3]], [[4]]]);
    });
  });
}
