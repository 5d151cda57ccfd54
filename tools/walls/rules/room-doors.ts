import { isRoom, roleOf, roomOf } from "../house.ts";
import { fileRule } from "../rule.ts";

const doors: ReadonlySet<string> = new Set(["model", "ports", "pure"]);

/** A room is entered through its `model.ts`, its `ports.ts` and its pure files; `server` may open every door. */
export const roomDoors = fileRule("room-doors", function* (file) {
  const room = roomOf(file.path);
  if (room === undefined || !isRoom(room) || roleOf(file.path) === "test") return;
  for (const { target, line } of file.imports) {
    const targetRoom = target === undefined ? undefined : roomOf(target);
    if (target === undefined || targetRoom === undefined || targetRoom === room || !isRoom(targetRoom)) continue;
    const role = roleOf(target);
    if (doors.has(role)) continue;
    yield {
      file: file.path,
      line,
      message: `${target} is ${targetRoom}'s own ${role}; ask through ${targetRoom}/ports.ts or a pure function`,
    };
  }
});
