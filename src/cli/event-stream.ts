/** One message of a stream of server-sent events. */
export interface StreamMessage {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** A message of more characters than this breaks the stream off. */
export const longestMessage = 16_000_000;

/**
 * Splits a stream of server-sent events into messages; comments (heartbeats) are left out.
 *
 * Source: WHATWG HTML, section 9.2.6 "Interpreting an event stream".
 */
export async function* readEventStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamMessage> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of chunks) {
    pending += decoder.decode(chunk, { stream: true });
    if (pending.length > longestMessage) throw new Error(`a message of more than ${longestMessage} characters`);
    const blocks = pending.replaceAll("\r\n", "\n").split("\n\n");
    pending = blocks.pop() ?? "";
    for (const block of blocks) {
      const message = parseMessage(block);
      if (message !== undefined) yield message;
    }
  }
}

function parseMessage(block: string): StreamMessage | undefined {
  let id: string | null = null;
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const match = /^(id|event|data):? ?(.*)$/s.exec(line);
    if (match?.[1] === "id") id = match[2] ?? "";
    else if (match?.[1] === "event") event = match[2] ?? "";
    else if (match?.[1] === "data") data.push(match[2] ?? "");
  }
  return data.length === 0 ? undefined : { id, event, data: data.join("\n") };
}
