import { isTest, levelOf, roomOf } from "../house.ts";
import { fileRule, type Finding } from "../rule.ts";
import type { SourceFile } from "../source-file.ts";

function problemOf(room: string, target: string): string | undefined {
  const targetRoom = roomOf(target);
  if (targetRoom === undefined) return "src imports nothing from outside src; move what is shared into a room";
  if (room === targetRoom || room === "cli") return undefined;
  if (targetRoom === "cli") return "only the command line lives in cli; nothing imports it";
  const level = levelOf(room);
  const targetLevel = levelOf(targetRoom);
  if (level === undefined || targetLevel === undefined) {
    return `the plan of the house (tools/walls/house.ts) has no room "${level === undefined ? room : targetRoom}"`;
  }
  if (targetLevel > level) return `${targetRoom} stands above ${room}: rooms import downwards only`;
  if (targetLevel === level) return `${targetRoom} and ${room} stand on one level: let them meet through events`;
  return undefined;
}

function* checkFile(file: SourceFile): Iterable<Finding> {
  const room = roomOf(file.path);
  if (room === undefined || isTest(file.path)) return;
  for (const { specifier, target, line } of file.imports) {
    const message = target === undefined ? undefined : problemOf(room, target);
    if (message !== undefined) yield { file: file.path, line, message };
    if (room === "base" && target === undefined) {
      yield { file: file.path, line, message: `base imports nothing; found "${specifier}"` };
    }
  }
}

/** Rooms import only rooms of lower levels, types included; `base` imports nothing but itself. Tests look anywhere. */
export const roomOrder = fileRule("room-order", checkFile);
