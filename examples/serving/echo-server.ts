import { createServer } from "node:http";

/*
 * A program that speaks as much of the OpenAI API as an example needs: it answers each chat with what was said last.
 *
 *   node echo-server.ts PORT MODEL
 */

const [port, model] = process.argv.slice(2);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    response.setHeader("content-type", "application/json");
    if (request.url !== "/v1/chat/completions") {
      response.end(JSON.stringify({ object: "list", data: [{ id: model, object: "model" }] }));
      return;
    }
    const said = lastOf(Buffer.concat(chunks).toString());
    if (said === undefined) {
      const error = { message: "a chat wants messages, found none", type: "invalid_request_error" };
      response.writeHead(400).end(JSON.stringify({ error }));
      return;
    }
    const message = { role: "assistant", content: said };
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const created = Math.floor(Date.now() / 1000);
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    response.end(JSON.stringify({ id: "echo", object: "chat.completion", created, model, choices, usage }));
  });
});

/** What was said last; undefined for a body that is no chat. */
function lastOf(body: string): string | undefined {
  try {
    const { messages } = JSON.parse(body) as { messages: { content: string }[] };
    return messages.at(-1)?.content ?? "";
  } catch {
    return undefined;
  }
}

process.once("SIGTERM", () => server.close());
server.listen(Number(port), "127.0.0.1");
