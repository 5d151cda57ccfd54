import { isRoom, type Role, roleOf, roomOf } from "../house.ts";
import { fileRule, type Finding } from "../rule.ts";
import type { SourceFile } from "../source-file.ts";

const queryBuilders: ReadonlySet<string> = new Set(["kysely", "pg"]);
const queryMethods: ReadonlySet<string> = new Set([
  "selectFrom",
  "insertInto",
  "updateTable",
  "deleteFrom",
  "mergeInto",
]);
const statement =
  /^\s*(?:select\s+(?:distinct\s+)?(?:\*|[\w."]+\s*[,(]|[\w."]+\s+(?:as\s+\w+\s+)?from\s)[\s\S]*|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|create\s+(?:table|index|unique|view)\s|alter\s+table\s|drop\s+table\s|with\s+\w+\s+as\s*\()/i;

/** Files that hold SQL, whichever folder of `src` they lie in. */
const keeper = /(?:^|\/)(?:[a-z-]+-)?(?:store|migrations)\.ts$/;

/** Roles that may write SQL for another engine (DuckDB over files): they cannot reach PostgreSQL anyway. */
const otherEngines: ReadonlySet<Role> = new Set(["pure", "driver", "task"]);

function* checkFile(file: SourceFile): Iterable<Finding> {
  const room = roomOf(file.path);
  const role = roleOf(file.path);
  if (room === undefined || room === "platform" || room === "base" || keeper.test(file.path) || role === "test") return;
  const found = (line: number, what: string): Finding => ({
    file: file.path,
    line,
    message: `${what}: SQL of PostgreSQL lives in ${isRoom(room) ? room : "a room"}'s store.ts, SQL over files in a pure file`,
  });
  for (const each of file.imports) {
    if (each.kind !== "type" && queryBuilders.has(each.specifier)) yield found(each.line, `imports ${each.specifier}`);
  }
  for (const each of file.methodCalls) {
    if (queryMethods.has(each.text)) yield found(each.line, `calls ${each.text}()`);
  }
  for (const each of file.templateTags) {
    if (each.text === "sql") yield found(each.line, "writes a sql template");
  }
  if (otherEngines.has(role)) return;
  for (const each of file.literals) {
    if (statement.test(each.text)) yield found(each.line, "writes a statement");
  }
}

/** Only `store.ts`, `*-store.ts` and `migrations.ts` (and `platform`) talk to PostgreSQL. */
export const sqlInStores = fileRule("sql-in-stores", checkFile);
