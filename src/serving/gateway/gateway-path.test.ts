import { expect, test } from "vitest";
import { parseGatewayPath } from "./gateway-path.ts";

test.each([
  ["GET", "/v2/models/chat/infer", "POST"],
  ["POST", "/v2/models/chat?a=b", "GET"],
  ["DELETE", "/v2/health/live", "GET"],
])("%s %s is known to want another method", (method, url, allow) => {
  expect(parseGatewayPath(method, url)).toMatchObject({ kind: "wrong-method", allow });
});

test("a path that there is not is answered with what there is", () => {
  expect(() => parseGatewayPath("GET", "/v1")).toThrow("POST /v1/chat/completions");
});
