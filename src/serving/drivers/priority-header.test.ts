import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { hello, openAiGateway } from "../fixtures/openai-gateway.ts";
import { type Behaviour, completes } from "../fixtures/stand-in-upstream.ts";

test("where requests wait for a place, those that say that they are urgent go first and bulk goes last", async () => {
  const { openai, upstream, port } = await openAiGateway({ replica: { slots: 1 } });
  let first: (() => void) | undefined;
  const holds: Behaviour = (request, response: ServerResponse) => {
    first = () => completes("first")(request, response);
  };
  upstream.behave(holds, completes("hello"));
  const ask = (content: string, priority?: string): Promise<unknown> =>
    openai.chat.completions.create(
      { ...hello, messages: [{ role: "user", content }] },
      { headers: priority === undefined ? {} : { "x-priority": priority } },
    );
  const queued = async (count: number): Promise<void> => {
    await until(`${count} requests wait`, async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return new RegExp(`^millwright_gateway_queued\\{[^\\n]*\\} ${count}$`, "m").test(metrics);
    });
  };

  const asked = [ask("first")];
  await upstream.request(0);
  for (const [index, priority] of ["bulk", undefined, "interactive"].entries()) {
    asked.push(ask(priority ?? "plain", priority));
    await queued(index + 1);
  }
  first?.();
  await Promise.all(asked);

  const order = upstream.seen.map(
    (each) => (each.body.messages as readonly { readonly content: string }[])[0]?.content,
  );
  expect(order).toEqual(["first", "interactive", "plain", "bulk"]);
});
