import { expect, test } from "vitest";
import { hideBlockers } from "./hide-blockers.ts";

test("takes the names of other projects' workloads out of a reason", () => {
  const reason = {
    code: "behind-others",
    sentence: "TrainingJob/secret is before it in the queue and waits for room",
    blockers: [
      { id: "one", name: "TrainingJob/secret", gpus: 4 },
      { id: "two", name: "TrainingJob/own", gpus: 1 },
    ],
    changes: ["wait for TrainingJob/secret", "wait for TrainingJob/own"],
  };
  const shown = hideBlockers(reason, (id) => id === "two");

  expect(JSON.stringify(shown)).not.toMatch(/secret|one/);
  expect(shown.blockers).toEqual([
    { id: "", name: "a workload of another project", gpus: 4 },
    { id: "two", name: "TrainingJob/own", gpus: 1 },
  ]);
});

test("leaves the size and the end of what it hides, and takes its owner", () => {
  const ends = { endsBy: 5, endsP50: 3, endsP90: 4 };
  const owner = { kind: "TrainingJob", name: "secret", project: "other", team: "strangers", identity: "eve" };
  const blocker = { id: "one", name: "TrainingJob/secret", kind: "running" as const, owner, gpus: 4, ...ends };
  const shown = hideBlockers({ code: "", sentence: "", blockers: [blocker], changes: [] }, () => false);

  expect(shown.blockers).toEqual([
    { id: "", name: "a workload of another project", kind: "running", owner: null, gpus: 4, ...ends },
  ]);
});
