import { expect, test } from "vitest";
import { promptTemplate } from "./prompt-template.ts";

test("columns stand where they are named, and doubled braces are braces", () => {
  const prompt = promptTemplate('Say {word} in {language} as {{"answer": …}}');
  expect(prompt({ word: "cat", language: "French" })).toBe('Say cat in French as {"answer": …}');
});

test("what is no text is written as JSON, and nothing as nothing", () => {
  expect(promptTemplate("{a}|{b}|{c}")({ a: 1.5, b: { c: [1] }, c: null })).toBe('1.5|{"c":[1]}|');
});

test("a column that a row does not have is named with those that it has", () => {
  expect(() => promptTemplate("{wrod}")({ word: "cat", id: 1 })).toThrow('"wrod"; there are word, id');
});

test.each(["no column", "a lone {", "a } alone", "{{nothing}}"])("a template with %s is refused", (template) => {
  expect(() => promptTemplate(template)).toThrow("--prompt");
});
