import { expect, test } from "vitest";
import { readWorkload } from "../../api/compute.ts";
import { fieldsOf } from "../../api/reading.ts";
import { withEnds } from "./blocker-ends.ts";

const bare = { id: "w1", name: "segment", gpus: 4, kind: "", owner: null, endsBy: null, endsP50: null, endsP90: null };

function workload(changes: Readonly<Record<string, unknown>>) {
  return readWorkload(fieldsOf({ id: "w1", state: "running", startedAt: 1000, limitMs: 5000, ...changes }, "workload"));
}

test("takes from the queue until when a blocker may run", () => {
  expect(withEnds([bare], [workload({})])).toEqual([{ ...bare, kind: "running", endsBy: 6000 }]);
});

test("knows no end without a limit, and of what is not in the queue", () => {
  expect(withEnds([bare], [workload({ limitMs: null })])[0]?.endsBy).toBeNull();
  expect(withEnds([bare], [])).toEqual([bare]);
});

test("leaves alone what the reason tells itself", () => {
  const told = { ...bare, kind: "planned", endsBy: 77 };

  expect(withEnds([told], [workload({})])).toEqual([told]);
});
