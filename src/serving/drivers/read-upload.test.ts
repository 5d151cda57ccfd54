import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { Fault } from "../../base/fault.ts";
import { readUpload } from "./read-upload.ts";

const headers = { "content-type": "multipart/form-data; boundary=b" };

function form(content: string, filename = "in.jsonl"): string {
  return [
    "--b\r\n",
    'content-disposition: form-data; name="file"; ',
    `filename="${filename}"\r\n\r\n${content}\r\n`,
    '--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--b--\r\n',
  ].join("");
}

/** A body that comes in pieces of this many bytes. */
function body(whole: string, pieceBytes = 7): Readable {
  const bytes = Buffer.from(whole);
  const pieces = Math.ceil(bytes.length / pieceBytes);
  return Readable.from(
    Array.from({ length: pieces }, (_, index) => bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes)),
    { objectMode: false },
  );
}

test("the file goes to the store as it comes, and fields after it are read", async () => {
  const upload = await readUpload(headers, body(form("line 1\nline 2\n")), 100, text);

  expect(upload).toEqual({ fields: { purpose: "batch" }, filename: "in.jsonl", stored: "line 1\nline 2\n" });
});

test("a file that is too large is refused as soon as it is, and its store meets a stream that broke off", async () => {
  let stored: unknown;
  let sent = 0;
  const endless = Readable.from(
    (function* () {
      yield form("x".repeat(10)).slice(0, 80);
      for (; sent < 1_000_000; sent += 1) yield "x".repeat(1_000);
    })(),
    { objectMode: false },
  );
  const upload = readUpload(headers, endless, 5_000, async (content) => {
    stored = await text(content).catch((error: unknown) => error);
  });

  await expect(upload).rejects.toMatchObject({ code: "platform.body-too-large" });
  expect(stored).toMatchObject({ code: "platform.body-too-large" });
  expect(sent).toBeLessThan(1_000);
});

test("a form that breaks off is refused, and its store is not left waiting", async () => {
  let stored: unknown;
  const upload = readUpload(headers, body(form("x".repeat(200)).slice(0, 150)), 1_000, async (content) => {
    stored = await text(content).catch((error: unknown) => error);
  });

  await expect(upload).rejects.toMatchObject({ code: "serving.request-invalid" });
  expect(stored).toBeInstanceOf(Error);
});

test("what the store fails with is told, once the form was read", async () => {
  const full = new Fault("platform.disk-full", "no space is left");
  const upload = readUpload(headers, body(form("x".repeat(100_000)), 1_000), 1_000_000, async () => {
    throw full;
  });

  await expect(upload).rejects.toBe(full);
});

test.each([
  ["no form", { "content-type": "application/json" }, "{}"],
  ["a form without a boundary", { "content-type": "multipart/form-data" }, "--b--\r\n"],
  ["a form without a file", headers, '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'],
])("%s is refused", async (_what, given, sent) => {
  await expect(readUpload(given, body(sent), 100, text)).rejects.toMatchObject({ code: "serving.request-invalid" });
});
