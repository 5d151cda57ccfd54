import { expect, test } from "vitest";
import { openPlan } from "./open-plan.ts";
import { readPlan } from "./plan-document.ts";

const file = (name: string, text: string) => ({ name, text: async () => text });
const plan = "# ours\nname: ours\ntrace: { file: ./data/queue.csv, waitTarget: 30m }\n";
const rows = "id,submit\na,0\nb,60\n";

test("a plan and the trace that it names become one plan with the rows inside, comments kept", async () => {
  const { text, lacking } = await openPlan("", [file("queue.csv", rows), file("plan.yaml", plan)]);

  expect(lacking).toBeNull();
  expect(text).toContain("# ours");
  expect(readPlan(text).value).toEqual({ name: "ours", trace: { waitTarget: "30m", text: rows } });
});

test("a plan alone says which trace is missing, and the trace alone goes into the plan that is open", async () => {
  const opened = await openPlan("", [file("plan.yaml", plan)]);
  expect(opened).toEqual({ text: plan, lacking: "./data/queue.csv" });

  const whole = await openPlan(opened.text, [file("queue.csv", rows)]);
  expect(readPlan(whole.text).value).toMatchObject({ trace: { text: rows } });
});

test("a table is the queue of a plan that names none; what is no YAML stays as it is", async () => {
  expect(readPlan((await openPlan("name: n\n", [file("q.csv", rows)])).text).value).toMatchObject({
    trace: { text: rows },
  });
  expect(await openPlan("name: [", [file("q.csv", rows)])).toEqual({ text: "name: [", lacking: null });
});
