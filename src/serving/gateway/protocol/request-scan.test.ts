import fc from "fast-check";
import { expect, test } from "vitest";
import { scanRequest } from "./request-scan.ts";
import { rewriteRequest } from "./rewrite-request.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** Any value of a member that the gateway does not read, with names and texts that look like those that it does. */
const other = fc.jsonValue({ maxDepth: 3 });
const name = fc.oneof(
  fc
    .string({ maxLength: 12 })
    .filter((text) => !["model", "stream", "stream_options", "n", "input", "prompt"].includes(text)),
  fc.constantFrom('a"model":', "mod\\el", "usage", "\u2028"),
);
const space = fc.constantFrom("", " ", "\n\t");

test("reads the same of the bytes as a parser reads of the value, whatever stands around", () => {
  fc.assert(
    fc.property(
      fc.dictionary(name, other),
      fc.string({ minLength: 1 }),
      fc.boolean(),
      fc.option(fc.nat(100_000), { nil: undefined }),
      space,
      (rest, model, stream, max, gap) => {
        const value = { ...rest, model, stream, ...(max === undefined ? {} : { max_tokens: max }) };
        const text = JSON.stringify(value, null, gap);

        expect(scanRequest(encode(text))).toMatchObject({ model, isStream: stream, maxTokens: max ?? null });
      },
    ),
  );
});

test("renames the model and asks for the usage, and leaves all else as it came", () => {
  fc.assert(
    fc.property(
      fc.dictionary(name, other),
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 1 }),
      fc.constantFrom<object | undefined>(
        undefined,
        {},
        { include_usage: false },
        { extra: 1 },
        { include_usage: true },
      ),
      space,
      (rest, model, upstream, options, gap) => {
        const before = { ...rest, model, stream: true, ...(options === undefined ? {} : { stream_options: options }) };
        const body = encode(JSON.stringify(before, null, gap));
        const after = Buffer.concat(rewriteRequest(body, scanRequest(body), { model: upstream, asksForUsage: true }));

        expect(decode(after)).toEqual(
          JSON.parse(
            JSON.stringify({ ...before, model: upstream, stream_options: { ...options, include_usage: true } }),
          ),
        );
      },
    ),
  );
});

test("a body that needs no change is passed on without a copy", () => {
  const body = encode('{"model":"m","stream":false}');

  const parts = rewriteRequest(body, scanRequest(body), { model: "m", asksForUsage: false });
  expect(parts).toHaveLength(1);
  expect(parts[0]).toBe(body);
});

test.each([
  ["no JSON", "hello", "a JSON object"],
  ["an array", "[]", "a JSON object"],
  ["no model", '{"messages":[]}', "found none"],
  ["a model that is no text", '{"model":5}', "the name of a model"],
  ["two models", '{"model":"cheap","model":"dear"}', "`model` twice"],
  ["a second model in disguise", '{"model":"cheap","mod\\u0065l":"dear"}', "`model` twice"],
  ["a text that does not end", '{"model":"cheap', "does not end"],
  ["something after the end", '{"model":"m"} {"model":"n"}', "found more"],
  ["a stream that is no yes or no", '{"model":"m","stream":"yes"}', "true or false"],
  ["negative tokens", '{"model":"m","max_tokens":-1}', "not below 0"],
])("%s is refused with what is wanted", (_what, text, wanted) => {
  expect(() => scanRequest(encode(text))).toThrow(wanted);
});

test("a model's name that is no UTF-8 is refused", () => {
  const body = Uint8Array.from([...encode('{"model":"'), 0xff, 0xfe, ...encode('"}')]);

  expect(() => scanRequest(body)).toThrow("UTF-8");
});
