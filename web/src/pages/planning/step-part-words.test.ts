import { expect, test } from "vitest";
import { stepPartWords as reported } from "../../../../src/planning/report/step-part-words.ts";
import { stepPartWords } from "./step-part-words.ts";

test("the page calls the parts of a step what the report calls them, and an unknown one by its own name", () => {
  for (const [part, words] of Object.entries(reported)) expect(stepPartWords(part)).toBe(words);
  expect(stepPartWords("unheard-of")).toBe("unheard-of");
});
