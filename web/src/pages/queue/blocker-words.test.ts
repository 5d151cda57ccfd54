import { expect, test } from "vitest";
import type { Blocker } from "../../api/compute.ts";
import { blockerEndLines, blockerOwnerWords } from "./blocker-words.ts";

const hour = 3_600_000;
const owner = { kind: "TrainingJob", name: "segment", project: "maps", team: "vision", identity: "ada" };
const bare: Blocker = {
  id: "w1",
  name: "segment",
  gpus: 4,
  kind: "running",
  owner: null,
  endsBy: null,
  endsP50: null,
  endsP90: null,
};

test.each([
  [{}, "no limit"],
  [{ endsBy: 3 * hour }, "done in 3h at the latest"],
  [
    { endsBy: 3 * hour, endsP50: hour, endsP90: 2 * hour },
    "done in 3h at the latest, likely in 1h, nine times of ten in 2h",
  ],
  [{ endsBy: 3 * hour, endsP50: hour, endsP90: 4 * hour }, "done in 3h at the latest, likely in 1h"],
  [{ endsP50: hour, endsP90: 2 * hour }, "likely in 1h, nine times of ten in 2h"],
  [{ kind: "reserved", endsBy: hour, endsP50: hour, endsP90: hour }, "done in 1h"],
])("a blocker with %j is said to be %s", (known, want) => {
  expect(blockerEndLines({ ...bare, ...known }, 0).join(", ")).toBe(want);
});

test("says whose a blocker is as far as that is told", () => {
  expect(blockerOwnerWords(bare)).toBe("");
  expect(blockerOwnerWords({ ...bare, owner })).toBe("ada · team vision, project maps");
  expect(blockerOwnerWords({ ...bare, owner: { ...owner, team: null, identity: null } })).toBe("project maps");
});
