import type { SourceFile } from "./source-file.ts";

/** The rooms from the ground up: a room may use rooms of lower levels; rooms of one level do not know each other. */
const levels: readonly (readonly string[])[] = [
  ["base"],
  ["platform"],
  ["tenancy", "network"],
  ["compute", "storage"],
  ["scheduling"],
  ["data", "tracking"],
  ["features", "registry"],
  ["training", "evaluation", "serving", "workspaces"],
  ["monitoring"],
  ["planning"],
  ["server"],
];

/** Folders of `src` that are not rooms with the file names of a slice. */
const grounds: ReadonlySet<string> = new Set(["base", "platform", "server", "cli"]);

/** What a file may touch, told by its path alone. */
export type Role =
  | "base"
  | "platform"
  | "server"
  | "cli"
  | "web"
  | "model"
  | "ports"
  | "pure"
  | "store"
  | "migrations"
  | "controller"
  | "routes"
  | "room"
  | "driver"
  | "task"
  | "test"
  | "outside";

/** Every file of the tree that the rules look at, and the packages that the published package brings. */
export interface House {
  readonly files: ReadonlyMap<string, SourceFile>;
  readonly dependencies: ReadonlySet<string>;
  /** Packages that the published package uses where its user has installed them. */
  readonly optionalPeers: ReadonlySet<string>;
}

/** The level of a room, the ground being 0; undefined for a folder that the plan of the house does not name. */
export function levelOf(room: string): number | undefined {
  const level = levels.findIndex((rooms) => rooms.includes(room));
  return level === -1 ? undefined : level;
}

/** The folder of `src` that a file lies in, or undefined outside `src`. */
export function roomOf(path: string): string | undefined {
  const [top, room, file] = path.split("/");
  return top === "src" && file !== undefined ? room : undefined;
}

/** Whether the file is a test, or stands in a folder of tests. */
export function isTest(path: string): boolean {
  return path.startsWith("test/") || /\.test\.tsx?$/.test(path) || path.includes("/fixtures/");
}

function roleInRoom(path: string): Role {
  const parts = path.split("/");
  const folders = parts.slice(2, -1);
  const name = (parts.at(-1) ?? "").replace(/\.tsx?$/, "");
  if (folders.includes("drivers")) return "driver";
  if (folders.includes("tasks")) return "task";
  if (name === "model") return "model";
  if (name === "ports") return "ports";
  if (name === "migrations") return "migrations";
  if (name === "room") return "room";
  if (name === "store" || name.endsWith("-store")) return "store";
  if (name === "controller" || name.endsWith("-controller")) return "controller";
  if (name === "routes" || name.endsWith("-routes")) return "routes";
  return "pure";
}

/** What a file may touch, from its path. */
export function roleOf(path: string): Role {
  if (isTest(path)) return "test";
  if (path.startsWith("web/src/")) return "web";
  const room = roomOf(path);
  if (room === undefined) return "outside";
  if (room === "base") return "base";
  if (room === "platform") return "platform";
  if (room === "server") return "server";
  if (room === "cli") return "cli";
  return roleInRoom(path);
}

/** Whether the folder of `src` is a room, with the file names of a slice. */
export function isRoom(folder: string): boolean {
  return !grounds.has(folder);
}

/** Whether the name of the file promises that it decides without touching the world. */
export function isPureByName(path: string): boolean {
  const role = roleOf(path);
  return role === "base" || role === "model" || role === "ports" || role === "pure";
}

/** The package that a specifier names: `@scope/name` or `name`, without the path inside it. */
export function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
