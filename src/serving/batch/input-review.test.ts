import { expect, test } from "vitest";
import { maxBatchLines, maxLineBytes } from "./batch-model.ts";
import { InputReview } from "./input-review.ts";

const endpoint = "/v1/embeddings";
const good = (customId: string): string =>
  JSON.stringify({ custom_id: customId, method: "POST", url: endpoint, body: { model: "m", input: "x" } });

function review(texts: readonly string[]): InputReview {
  const made = new InputReview(endpoint);
  for (const text of texts) made.take({ text, offset: 0, length: text.length });
  return made;
}

test("the first twenty problems are told with their lines, the others are counted", () => {
  const { problems } = review(["", ...Array.from({ length: 25 }, () => "no JSON"), good("a")]);
  expect(problems).toHaveLength(21);
  expect(problems[0]).toMatchObject({ line: 2, code: "invalid_json_line" });
  expect(problems[19]).toMatchObject({ line: 21 });
  expect(problems[20]).toMatchObject({ line: null, code: "more_problems", message: "5 more lines have problems" });
});

test("a file without a request is a problem", () => {
  expect(review(["", " "]).problems).toMatchObject([{ line: null, code: "empty_file" }]);
});

test("reading ends with the first request too many", () => {
  const made = new InputReview(endpoint);
  const take = (index: number): boolean => made.take({ text: good(String(index)), offset: 0, length: 1 });
  for (let index = 0; index < maxBatchLines; index += 1) take(index);
  expect(made.problems).toEqual([]);
  expect(take(maxBatchLines)).toBe(false);
  expect(made.problems).toMatchObject([{ code: "too_many_lines" }]);
});

test("a line that is too long, and names that the database cannot keep, are problems of their lines", () => {
  const made = new InputReview(endpoint);
  made.take({ text: " ", offset: 0, length: maxLineBytes + 1 });
  made.take({ text: good("nul\0"), offset: 0, length: 1 });
  made.take({ text: good("a").replace('"a"', String.raw`"\ud800"`), offset: 0, length: 1 });
  expect(made.problems.map(({ line, code, param }) => [line, code, param])).toEqual([
    [1, "line_too_long", null],
    [2, "invalid_json_line", "custom_id"],
    [3, "invalid_json_line", "custom_id"],
  ]);
});
