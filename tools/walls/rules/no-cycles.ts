import type { House } from "../house.ts";
import type { Finding, Rule } from "../rule.ts";
import type { SourceFile } from "../source-file.ts";

function runningImports(file: SourceFile): readonly { readonly target: string; readonly line: number }[] {
  return file.imports.flatMap(({ kind, target, line }) =>
    kind === "type" || target === undefined ? [] : [{ target, line }],
  );
}

/** Rotates a cycle so that it starts at its first path: the same cycle found twice reads the same. */
function fromFirst(cycle: readonly string[]): readonly string[] {
  const first = cycle.indexOf([...cycle].sort()[0] ?? "");
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}

/** Walks the imports depth first and yields each cycle that closes on the way. */
function* findCycles(house: House): Iterable<readonly string[]> {
  const done = new Set<string>();
  const trail: string[] = [];
  function* enter(path: string): Iterable<readonly string[]> {
    const at = trail.indexOf(path);
    if (at !== -1) yield fromFirst(trail.slice(at));
    const file = house.files.get(path);
    if (at !== -1 || done.has(path) || file === undefined) return;
    trail.push(path);
    for (const { target } of runningImports(file)) yield* enter(target);
    trail.pop();
    done.add(path);
  }
  for (const path of [...house.files.keys()].sort()) yield* enter(path);
}

function* check(house: House): Iterable<Finding> {
  const told = new Set<string>();
  for (const cycle of findCycles(house)) {
    const message = `imports run in a circle: ${[...cycle, cycle[0]].join(" → ")}`;
    const first = house.files.get(cycle[0] ?? "");
    if (told.has(message) || first === undefined) continue;
    told.add(message);
    const line = runningImports(first).find(({ target }) => target === (cycle[1] ?? cycle[0]))?.line ?? 1;
    yield { file: first.path, line, message };
  }
}

/** No file runs, through its imports, into itself. Type imports do not count: they vanish. */
export const noCycles: Rule = { name: "no-cycles", check };
