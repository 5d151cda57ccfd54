import { expect, test } from "vitest";
import { toRemoteFault } from "./remote-fault.ts";

test("takes the kind from a known code, whatever the status", () => {
  const body = JSON.stringify({
    error: { code: "platform.resource-conflict", message: "someone was faster", details: { a: 1 }, requestId: "r7" },
  });

  expect(toRemoteFault(500, body)).toMatchObject({
    code: "platform.resource-conflict",
    kind: "conflict",
    message: "someone was faster",
    details: { a: 1 },
    requestId: "r7",
  });
});

test.each([
  [401, "unauthenticated"],
  [404, "missing"],
  [422, "refused"],
  [503, "unavailable"],
  [500, "failed"],
])("status %i without a known code is %s", (status, kind) => {
  expect(toRemoteFault(status, '{"error":{"code":"later.new-code","message":"m"}}').kind).toBe(kind);
});

test("the error of a model that takes tensors is told as it is", () => {
  expect(toRemoteFault(400, '{"error":"no such input"}')).toMatchObject({ code: "http.400", message: "no such input" });
});

test.each(["", "<html>bad gateway</html>", "null", "[]", '{"error":1}'])("body %j still gives a fault", (body) => {
  const fault = toRemoteFault(502, body);

  expect(fault.code).toBe("http.502");
  expect(fault.message).toContain("the server answered 502");
});
