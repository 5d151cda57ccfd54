import { type House, isPureByName, packageOf, roleOf } from "../house.ts";
import { fileRule, type Finding } from "../rule.ts";
import type { SourceFile } from "../source-file.ts";

/** The schema library: the one package that a pure file may import. */
const schemaLibrary = "zod";

/** What a pure file must be given as a value, with what to take instead. */
const worldlyGlobals: ReadonlyMap<string, string> = new Map([
  ["Date", "take an Instant (milliseconds) as a parameter"],
  ["Math.random", "take a Random as a parameter"],
  ["process", "take the fact as a parameter"],
  ["setTimeout", "waiting belongs to a controller or a driver"],
  ["setInterval", "waiting belongs to a controller or a driver"],
  ["setImmediate", "waiting belongs to a controller or a driver"],
  ["clearTimeout", "waiting belongs to a controller or a driver"],
  ["clearInterval", "waiting belongs to a controller or a driver"],
  ["clearImmediate", "waiting belongs to a controller or a driver"],
  ["queueMicrotask", "waiting belongs to a controller or a driver"],
  ["AbortSignal.timeout", "waiting belongs to a controller or a driver"],
  ["performance", "take the measured time as a parameter"],
  ["crypto", "take the id or the hash as a parameter"],
  ["fetch", "calls belong to a driver"],
  ["WebSocket", "sockets belong to a driver"],
  ["EventSource", "sockets belong to a driver"],
  ["Worker", "threads belong to a driver"],
  ["Buffer", "use Uint8Array and TextEncoder"],
  ["console", "return what is worth logging"],
  ["globalThis", "name what is needed as a parameter"],
  ["require", "use import"],
  ["import.meta", "take the path as a parameter"],
  ["Temporal.Now", "take an Instant (milliseconds) as a parameter"],
]);

function adviceFor(name: string): string | undefined {
  return worldlyGlobals.get(name) ?? worldlyGlobals.get(name.split(".")[0] ?? name);
}

/** Files of `platform` have no roles in their names: they count as pure when everything that they run is. */
function isPlatformFilePure(path: string, house: House, visited: Set<string>): boolean {
  if (visited.has(path)) return true;
  visited.add(path);
  const file = house.files.get(path);
  if (file === undefined) return false;
  if (file.globals.some((each) => adviceFor(each.text) !== undefined)) return false;
  return file.imports.every(({ kind, specifier, target }) => {
    if (kind === "type") return true;
    if (target === undefined) return packageOf(specifier) === schemaLibrary;
    return roleOf(target) === "platform" ? isPlatformFilePure(target, house, visited) : isPureByName(target);
  });
}

function importProblem(target: string | undefined, specifier: string, house: House): string | undefined {
  if (target === undefined) {
    return packageOf(specifier) === schemaLibrary ? undefined : `a pure file imports no "${specifier}"`;
  }
  if (isPureByName(target)) return undefined;
  if (roleOf(target) === "platform" && isPlatformFilePure(target, house, new Set())) return undefined;
  return `a pure file runs no code of ${target}, which is not pure; import its types, or take the value as a parameter`;
}

function* checkFile(file: SourceFile, house: House): Iterable<Finding> {
  if (!isPureByName(file.path)) return;
  for (const { kind, specifier, target, line } of file.imports) {
    const message = kind === "type" ? undefined : importProblem(target, specifier, house);
    if (message !== undefined) yield { file: file.path, line, message };
  }
  for (const { text, line } of file.globals) {
    const advice = adviceFor(text);
    if (advice !== undefined) yield { file: file.path, line, message: `a pure file uses no ${text}: ${advice}` };
  }
}

/** Files whose names promise a decision touch no Node API, no package but zod, no clock, no chance, no world. */
export const purity = fileRule("purity", checkFile);
