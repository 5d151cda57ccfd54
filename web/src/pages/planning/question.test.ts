import { expect, test } from "vitest";
import { planSchema } from "../../../../src/planning/model.ts";
import {
  adviceQuestionSchema,
  costQuestionSchema,
  inferenceQuestionSchema,
  trainingQuestionSchema,
} from "../../../../src/planning/questions/model.ts";
import { controlsOf, planningViews } from "./controls.ts";
import { questionOf } from "./question.ts";

const schemas = {
  fleet: planSchema,
  training: trainingQuestionSchema,
  serving: inferenceQuestionSchema,
  cost: costQuestionSchema,
  advice: adviceQuestionSchema,
} as const;

test.each(planningViews)("the bare address of the view %s asks a whole question", (view) => {
  const { question } = questionOf(view, {}, "2026-12");

  expect(schemas[view].safeParse(question).error?.message).toBeUndefined();
});

test.each(planningViews)("every end of every control of the view %s asks a whole question", (view) => {
  for (const { controls } of controlsOf(view, {})) {
    for (const control of controls) {
      const ends = control.kind === "amount" ? [control.steps[0], control.steps.at(-1)].map(String) : [];
      const choices = control.kind === "choice" ? control.choices.map(([value]) => value) : [];
      for (const value of [...ends, ...choices]) {
        const { question } = questionOf(view, { [control.name]: value }, "2026-12");
        expect(schemas[view].safeParse(question).error?.message).toBeUndefined();
      }
    }
  }
});

test("what the address says is asked, numbers beyond a slider's ends at its ends, and nonsense not at all", () => {
  const ask = (state: Record<string, string>) => questionOf("training", state, "2026-12").question;

  expect(ask({ gpus: "96", model: "Qwen3-8B", stack: "abacus" })).toMatchObject({
    gpus: 96,
    model: "Qwen3-8B",
    stack: "megatron-core",
  });
  expect([ask({ gpus: "1e9" })["gpus"], ask({ gpus: "many" })["gpus"]]).toEqual([16_384, 64]);
});

test("adapters are asked for as such, over weights in 4 bits or in those of the products", () => {
  const ask = (trains: string) => questionOf("training", { trains }, "2026-12").question;

  expect(ask("qlora")).toMatchObject({ isLora: true, frozenPrecision: "int4" });
  expect(ask("lora")).toMatchObject({ isLora: true });
  expect([ask("lora")["frozenPrecision"], ask("all")["isLora"]]).toEqual([undefined, undefined]);
});

test("a stage without GPUs is left out, and the first month is the address's where it names one", () => {
  const { question } = questionOf("fleet", { data: "0", serving: "0", start: "2027-03" }, "2026-12");

  expect(question).toMatchObject({ startMonth: "2027-03" });
  expect(JSON.stringify(question)).not.toContain("serving");
});

test("advice on training asks nothing of serving", () => {
  const { question } = questionOf("advice", { work: "training", rps: "50" }, "2026-12");

  expect(question["work"]).toEqual({
    kind: "training",
    model: "Llama-3.1-70B",
    precision: "bf16",
    tokens: 1e12,
    days: 60,
  });
});

test("a served model is asked about in the format it is published in, unless the address names one", () => {
  const format = (view: "serving" | "advice", state: Record<string, string>): unknown => {
    const { question } = questionOf(view, state, "2026-12");
    return view === "serving" ? question["precision"] : (question["work"] as Record<string, unknown>)["precision"];
  };

  for (const view of ["serving", "advice"] as const) {
    expect(format(view, {})).toBeUndefined();
    expect(format(view, { precision: "bf16" })).toBe("bf16");
    expect(format(view, { precision: "int4" })).toBe("int4");
  }
});

test("training is asked about in bf16 unless another format that products are made in is chosen", () => {
  const run = (precision: string) => questionOf("training", { precision }, "2026-12").question["precision"];
  const work = (precision: string) => questionOf("advice", { work: "training", precision }, "2026-12").question["work"];

  expect([run(""), run("int4"), run("fp8")]).toEqual(["bf16", "bf16", "fp8"]);
  expect([work(""), work("int4"), work("fp8")]).toMatchObject(
    ["bf16", "bf16", "fp8"].map((precision) => ({ precision })),
  );
});
