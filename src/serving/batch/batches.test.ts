import { request as send } from "node:http";
import { type OpenAI, toFile } from "openai";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { until } from "../../../test/until.ts";
import { eventPageMax, readEvents } from "../../platform/event-log.ts";
import {
  beginBatch,
  type BatchPlatform,
  chatLine,
  linesOf,
  reached,
  startBatchPlatform,
} from "../fixtures/batch-platform.ts";
import { type Behaviour, completes, fails, neverAnswers } from "../fixtures/stand-in-upstream.ts";

/* Batches with OpenAI's own client, a real database, gateway and controller; the model is a stand-in. */

let rig: BatchPlatform;
let openai: OpenAI;

beforeAll(async () => {
  rig = await startBatchPlatform();
  openai = rig.openai;
});

afterAll(async () => await rig.close());

afterEach(() => rig.upstream.behave(completes("hello")));

/** Answers with the question, unless `special` has another answer to it. */
function echoes(special: Readonly<Record<string, Behaviour>> = {}): Behaviour {
  return (request, response) => {
    const text = questionOf(request.body);
    (special[text] ?? completes(`re: ${text}`))(request, response);
  };
}

function questionOf(body: Readonly<Record<string, unknown>>): string {
  return (body.messages as readonly { readonly content: string }[] | undefined)?.[0]?.content ?? "";
}

function answerOf(body: Readonly<Record<string, unknown>> | undefined): string | undefined {
  return (body?.choices as readonly { readonly message: { readonly content: string } }[] | undefined)?.[0]?.message
    .content;
}

test("OpenAI's client uploads, begins, waits and downloads: one answer for each line, in the order of the lines", async () => {
  rig.upstream.behave(echoes());
  const names = Array.from({ length: 150 }, (_, index) => `line ${index}`);

  const id = await beginBatch(
    openai,
    names.map((name) => chatLine(name, name)),
  );
  const batch = await reached(openai, id, "completed", "failed");

  expect(batch).toMatchObject({
    status: "completed",
    endpoint: "/v1/chat/completions",
    request_counts: { total: 150, completed: 150, failed: 0 },
    metadata: { night: "shift" },
    errors: null,
  });
  expect(batch.error_file_id).toBeNull();
  const lines = await linesOf(openai, batch.output_file_id);
  expect(lines.map((line) => line.custom_id)).toEqual(names);
  expect(lines.map((line) => answerOf(line.response?.body))).toEqual(names.map((name) => `re: ${name}`));
  const listed = await openai.batches.list({ limit: 1 });
  expect(listed.data.map((each) => each.id)).toEqual([id]);
  const files = await openai.files.list({ purpose: "batch_output" });
  expect(files.data).toMatchObject([{ id: batch.output_file_id, filename: `${id}_output.jsonl` }]);
  const ids: (string | null)[] = [];
  for await (const file of openai.files.list({ order: "asc", limit: 1 })) ids.push(file.id);
  expect(ids).toEqual([batch.input_file_id, batch.output_file_id]);
  const events = await readEvents(rig.platform.database, { kind: "Batch", limit: eventPageMax, order: "oldest-first" });
  expect(events.map((event) => [event.verb, event.actor])).toEqual([
    ["created", "tester"],
    ["ended", "controller:batch"],
  ]);
});

test("a line that is refused goes to the file of errors, and one that is refused for a while is tried again", async () => {
  let busy = 0;
  let broken = 0;
  const busyForAWhile: Behaviour = (request, response) => {
    busy += 1;
    const answer = busy <= 6 ? fails(429, { "retry-after-ms": "20" }) : completes("at last");
    answer(request, response);
  };
  const brokenOnce: Behaviour = (request, response) => {
    broken += 1;
    (broken === 1 ? fails(500) : completes("again"))(request, response);
  };
  rig.upstream.behave(echoes({ bad: fails(400), busy: busyForAWhile, broken: brokenOnce }));

  const id = await beginBatch(
    openai,
    ["good", "bad", "busy", "broken"].map((name) => chatLine(name, name)),
  );
  const batch = await reached(openai, id, "completed");

  expect(batch.request_counts).toEqual({ total: 4, completed: 3, failed: 1 });
  const answered = await linesOf(openai, batch.output_file_id);
  expect(answered.map((line) => [line.custom_id, answerOf(line.response?.body)])).toEqual([
    ["good", "re: good"],
    ["busy", "at last"],
    ["broken", "again"],
  ]);
  expect(await linesOf(openai, batch.error_file_id)).toMatchObject([
    { custom_id: "bad", response: { status_code: 400 }, error: null },
  ]);
});

test("a file of problems fails the batch, and tells each with its line", async () => {
  const id = await beginBatch(openai, [
    chatLine("one", "hi"),
    "{oops",
    chatLine("one", "again"),
    chatLine("three", "hi", { url: "/v1/embeddings" }),
  ]);
  const batch = await reached(openai, id, "failed", "completed");

  expect(batch.status).toBe("failed");
  expect(batch.errors?.data).toMatchObject([
    { line: 2, code: "invalid_json_line" },
    { line: 3, code: "duplicate_custom_id", param: "custom_id" },
    { line: 4, code: "mismatched_endpoint" },
  ]);
  expect(batch.output_file_id).toBeNull();
});

test("a batch that is cancelled keeps what was answered, and tells the rest as cancelled", async () => {
  rig.upstream.behave(echoes({ never: neverAnswers }));
  const names = ["a", "b", "c", "d", "e"];
  const id = await beginBatch(
    openai,
    names.map((name) => chatLine(name, name === "a" ? "quick" : "never")),
  );
  await until("one line is answered", async () => (await openai.batches.retrieve(id)).request_counts?.completed === 1);

  expect((await openai.batches.cancel(id)).status).toBe("cancelling");
  const batch = await reached(openai, id, "cancelled");

  expect(batch.request_counts).toEqual({ total: 5, completed: 1, failed: 4 });
  expect((await linesOf(openai, batch.output_file_id)).map((line) => line.custom_id)).toEqual(["a"]);
  const refused = await linesOf(openai, batch.error_file_id);
  expect(refused.map((line) => [line.custom_id, line.error?.code])).toEqual(
    ["b", "c", "d", "e"].map((name) => [name, "batch_cancelled"]),
  );
});

test("a batch that is late expires, and tells what it did not finish", async () => {
  rig.upstream.behave(echoes({ never: neverAnswers }));
  const id = await beginBatch(openai, [chatLine("a", "quick"), chatLine("b", "never")]);
  await until("one line is answered", async () => (await openai.batches.retrieve(id)).request_counts?.completed === 1);

  rig.platform.clock.advance(25 * 3_600_000);
  const batch = await reached(openai, id, "expired");

  expect((await linesOf(openai, batch.output_file_id)).map((line) => line.custom_id)).toEqual(["a"]);
  expect(await linesOf(openai, batch.error_file_id)).toMatchObject([
    { custom_id: "b", response: null, error: { code: "batch_expired" } },
  ]);
});

test("a batch whose owner may no more call models ends with that word for each line that is left", async () => {
  rig.upstream.behave(echoes({ never: neverAnswers }));
  const owner = rig.clientOf("leaver");
  const id = await beginBatch(owner, [chatLine("a", "quick"), chatLine("b", "never")]);
  await until("one line is answered", async () => (await openai.batches.retrieve(id)).request_counts?.completed === 1);

  rig.forbid("leaver");
  const batch = await reached(openai, id, "completed");

  expect(batch.errors?.data).toMatchObject([{ code: "insufficient_permissions" }]);
  expect((await linesOf(openai, batch.output_file_id)).map((line) => line.custom_id)).toEqual(["a"]);
  expect(await linesOf(openai, batch.error_file_id)).toMatchObject([
    { custom_id: "b", error: { code: "insufficient_permissions" } },
  ]);
});

test("a file that a batch reads stays until it has ended", async () => {
  rig.upstream.behave(echoes({ never: neverAnswers }));
  const id = await beginBatch(openai, [chatLine("a", "never")]);
  const { input_file_id: input } = await openai.batches.retrieve(id);

  await expect(openai.files.delete(input)).rejects.toMatchObject({ status: 409, code: "serving_file_in_use" });
  await openai.batches.cancel(id);
  await reached(openai, id, "cancelled");
  expect(await openai.files.delete(input)).toMatchObject({ id: input, deleted: true });
  await expect(openai.files.retrieve(input)).rejects.toMatchObject({ status: 404, code: "serving_file_missing" });
  await expect(openai.files.content(input)).rejects.toMatchObject({ status: 404 });
});

test("what cannot be a batch is refused in the words of OpenAI's API", async () => {
  const file = await toFile(Buffer.from("x"), "x.jsonl");
  await expect(openai.files.create({ file, purpose: "assistants" })).rejects.toMatchObject({
    status: 400,
    type: "invalid_request_error",
  });
  const asked = { endpoint: "/v1/chat/completions", completion_window: "24h" } as const;
  await expect(openai.batches.create({ ...asked, input_file_id: "file-none" })).rejects.toMatchObject({
    status: 404,
    code: "serving_file_missing",
  });
  await expect(openai.batches.retrieve("batch_none")).rejects.toMatchObject({ code: "serving_batch_missing" });
  await expect(openai.batches.cancel("batch_none")).rejects.toMatchObject({ status: 404 });
});

test("a file that announces more than it may have is refused before it is sent", async () => {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const request = send(`${rig.gatewayUrl}/v1/files`, {
      method: "POST",
      headers: {
        authorization: "Bearer any",
        "content-type": "multipart/form-data; boundary=b",
        "content-length": 600 * 1024 * 1024,
      },
    });
    request.once("response", (response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    request.once("error", reject);
    request.write("--b\r\n");
  });

  expect(status).toBe(413);
});

test("a batch whose files could not be written writes the same ones the next time", async () => {
  rig.upstream.behave(echoes({ bad: fails(400) }));
  const { objects } = rig.platform;
  const keys: string[] = [];
  const put = objects.put.bind(objects);
  const id = await beginBatch(openai, [chatLine("a", "good"), chatLine("b", "bad")]);
  const spy = vi.spyOn(objects, "put").mockImplementation(async (key, content) => {
    const info = await put(key, content);
    keys.push(key);
    // The first try ends after both files were written, before that was noted.
    if (keys.length === 2) throw new Error("killed");
    return info;
  });
  const batch = await reached(openai, id, "completed").finally(() => spy.mockRestore());

  const wanted = [batch.output_file_id, batch.error_file_id].map((file) => `serving/files/${file}`);
  expect(keys).toEqual([...wanted, ...wanted]);
  expect((await linesOf(openai, batch.output_file_id)).map((line) => line.custom_id)).toEqual(["a"]);
  expect((await linesOf(openai, batch.error_file_id)).map((line) => line.custom_id)).toEqual(["b"]);
});

test("a body that nobody wants is refused while it is still being sent", async () => {
  const answer = await fetch(`${rig.gatewayUrl}/v1/files`, {
    method: "POST",
    headers: { authorization: "Bearer tester", "content-type": "application/json" },
    body: Buffer.alloc(24 * 1024 * 1024, "x"),
  });

  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { type: "invalid_request_error", code: "invalid_request" } });
});
