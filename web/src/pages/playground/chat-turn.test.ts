import { expect, test } from "vitest";
import { answerFigures, chatRequest, type ChatTurn, ended, newAnswer, withMessage } from "./chat-turn.ts";

const piece = (content: string) => JSON.stringify({ choices: [{ delta: { content } }] });

test("an answer grows with its stream, and its figures are those of its tokens", () => {
  let answer = newAnswer(1_000);
  answer = withMessage(answer, JSON.stringify({ choices: [{ delta: { role: "assistant", content: "" } }] }), 1_050);
  expect(answerFigures(answer)).toEqual({ ttftMs: null, tokens: 0, tokensPerSecond: null });
  answer = withMessage(answer, piece("Hel"), 1_200);
  answer = withMessage(answer, piece("lo"), 1_300);
  answer = withMessage(answer, JSON.stringify({ choices: [{ delta: {}, finish_reason: "stop" }] }), 1_310);
  const usage = { prompt_tokens: 9, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 8 } };
  answer = withMessage(answer, JSON.stringify({ choices: [], usage }), 1_310);
  answer = ended(withMessage(answer, "[DONE]", 1_311), { isAborted: false, failure: null });

  expect(answer).toMatchObject({ state: "done", text: "Hello", finish: "stop" });
  expect(answer.usage).toEqual({ prompt: 9, completion: 3, cached: 8 });
  expect(answerFigures(answer)).toEqual({ ttftMs: 200, tokens: 3, tokensPerSecond: 20 });
});

test("an error in the stream stays the answer's end, an abort keeps what came", () => {
  const failed = withMessage(newAnswer(0), '{"error":{"message":"out of memory"}}', 5);

  expect(ended(failed, { isAborted: false, failure: null })).toMatchObject({
    state: "failed",
    failure: "out of memory",
  });
  expect(ended(withMessage(newAnswer(0), piece("so far"), 5), { isAborted: true, failure: null })).toMatchObject({
    state: "aborted",
    text: "so far",
  });
});

test("a request holds the system prompt, what was said, and only the settings that were made", () => {
  const turn: ChatTurn = { question: "one", answer: { ...newAnswer(0), state: "done", text: "1" } };
  const silent: ChatTurn = { question: "two", answer: { ...newAnswer(0), state: "failed" } };
  const settings = { system: "be brief", temperature: "0", maxTokens: "", stop: "END\n" };

  expect(chatRequest(settings, [turn, silent], "three")).toEqual({
    messages: [
      { role: "system", content: "be brief" },
      { role: "user", content: "one" },
      { role: "assistant", content: "1" },
      { role: "user", content: "three" },
    ],
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0,
    stop: ["END"],
  });
});
