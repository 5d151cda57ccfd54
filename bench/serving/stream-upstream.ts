/**
 * A stand-in for an engine that streams: answers every POST with 64 chunks of a chat completion, written one by one as fast as
 * the connection takes them. `node stream-upstream.ts PORT`; says `ready` once it listens.
 */
import { createServer } from "node:http";

const chunkCount = 64;

const chunk = (content: string): string =>
  `data: ${JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: "bench",
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  })}\n\n`;
const chunks = Array.from({ length: chunkCount - 1 }, (_, index) => Buffer.from(chunk(` word${index}`)));
const last = Buffer.from("data: [DONE]\n\n");

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    let next = 0;
    const write = (): void => {
      if (next === chunks.length) {
        response.end(last);
        return;
      }
      response.write(chunks[next]);
      next += 1;
      // One chunk for each turn of the loop, so that chunks travel apart as those of an engine do.
      setImmediate(write);
    };
    write();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2]), "127.0.0.1", () => process.stdout.write("ready\n"));
