import { expect, test } from "vitest";
import { compareNumbers } from "../shadow-tally.ts";
import { compareAnswers } from "./compare-answers.ts";

const whole = (content: string, finish = "stop"): string =>
  JSON.stringify({ choices: [{ message: { content }, finish_reason: finish }] });
const chunk = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: finish }] })}\n\n`;

test("a stream and a whole answer with the same text are the same", () => {
  const stream = `: keepalive\n\n${chunk("hel")}${chunk("lo")}${chunk("", "stop")}data: [DONE]\n\n`;

  expect(compareAnswers(stream, whole("hello"))).toEqual({
    kind: "text",
    isExact: true,
    logLengthRatio: 0,
    sameFinish: true,
  });
});

test("another text and another end are told apart", () => {
  expect(compareAnswers(whole("yes"), whole("yes, and more", "length"))).toEqual({
    kind: "text",
    isExact: false,
    logLengthRatio: Math.log(14 / 4),
    sameFinish: false,
  });
});

test("a copy that is no answer failed; an original that is none is not compared", () => {
  expect(compareAnswers(whole("yes"), "<html>")).toEqual({ kind: "failed" });
  expect(compareAnswers("<html>", whole("yes"))).toBeNull();
});

test("probabilities are compared row by row and by the class that they choose", () => {
  expect(compareNumbers([0.2, 0.6], [0.3, 0.6])).toMatchObject({ agrees: true, meanDifference: 0.04999999999999999 });
  expect(compareNumbers([0.2, 0.6], [0.2, 0.4])).toMatchObject({ agrees: false, maxDifference: 0.19999999999999996 });
  expect(compareNumbers([0.2], [0.2, 0.4])).toEqual({ kind: "failed" });
  expect(compareNumbers([0.2], [Number.NaN])).toEqual({ kind: "failed" });
});
