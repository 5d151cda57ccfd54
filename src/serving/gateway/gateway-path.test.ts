import { expect, test } from "vitest";
import { parseGatewayPath } from "./gateway-path.ts";

test.each([
  ["GET", "/v2/models/chat/infer", "this path wants POST"],
  ["POST", "/v2/models/chat", "this path wants GET"],
  ["DELETE", "/v2/health/live", "this path wants GET"],
  ["GET", "/v1", "POST /v1/chat/completions"],
])("%s %s is answered with what there is", (method, url, wanted) => {
  expect(() => parseGatewayPath(method, url)).toThrow(wanted);
});
