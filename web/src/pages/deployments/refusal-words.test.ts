import { expect, test } from "vitest";
import { refusalColumns, refusalWords } from "./refusal-words.ts";

const late = { scope: "deployment", reason: "late", requests: 3, points: [{ at: 20, requests: 3 }] };

test("spans in which nothing was refused are nothing, not a gap; only the deployment's own are drawn", () => {
  const elsewhere = { ...late, scope: "project" };

  expect(refusalColumns([late, elsewhere], { from: 5, to: 40, stepMs: 10 })).toEqual({
    at: [0, 10, 20, 30],
    series: [{ label: "deadline: waited too long", values: [0, 0, 3, 0] }],
  });
});

test("a reason of a newer server is shown by its name", () => {
  expect(refusalWords("some-new-reason").label).toBe("some-new-reason");
});
