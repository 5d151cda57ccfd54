/** One message of a server-sent event stream. */
export interface StreamMessage {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/**
 * Cuts a server-sent event stream into messages, whatever the pieces in which it arrives.
 *
 * Follows the HTML standard, section 9.2.6; comments (lines that start with a colon) keep a connection alive
 * and are dropped.
 */
export class EventStreamParser {
  #rest = "";

  /** Takes the next piece of text; answers with the messages that it completed. */
  push(piece: string): readonly StreamMessage[] {
    const blocks = (this.#rest + piece).replaceAll("\r\n", "\n").split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      const message = parseBlock(block);
      return message === null ? [] : [message];
    });
  }
}

function parseBlock(block: string): StreamMessage | null {
  let id: string | null = null;
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line === "" || line.startsWith(":")) continue;
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") data.push(value);
    else if (name === "event") event = value;
    else if (name === "id") id = value;
  }
  return data.length === 0 && event === "message" ? null : { id, event, data: data.join("\n") };
}
