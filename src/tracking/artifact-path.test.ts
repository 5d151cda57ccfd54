import { posix } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { artifactKey, checkArtifactPath, proxiedPath } from "./artifact-path.ts";

test.each([
  "..",
  "a/../b",
  "../a",
  "/etc/passwd",
  "a//b",
  "a/./b",
  "a\\b",
  "C:/x",
  "%2e%2e/x",
  "a/%252e%252e/b",
  "a/%2fetc",
  "x\0y",
])("refuses %j", (path) =>
  expect(() => checkArtifactPath(path)).toThrow(expect.objectContaining({ code: "tracking.request-invalid" })),
);

test.each(["model/model.onnx", "notes 1.txt", "äö/x", "50%.txt", ""])("takes %j", (path) => {
  expect(checkArtifactPath(path)).toBe(path);
});

test("no path that passes leaves the project's own part of the store, decoded or not", () => {
  const part = fc.oneof(fc.string(), fc.constantFrom("..", ".", "%2e%2e", "%2f", "%5c", "a", "/", "\\"));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const path = parts.join("/");
      let checked: string;
      try {
        checked = checkArtifactPath(path);
      } catch {
        return;
      }
      for (const seen of [checked, tryDecode(checked)]) {
        const key = posix.normalize(artifactKey("team", seen));
        expect(key === "tracking/team" || key.startsWith("tracking/team/")).toBe(true);
      }
    }),
  );
});

test("a location of another scheme is not ours to serve", () => {
  expect(proxiedPath("s3://bucket/x", "a")).toBeNull();
  expect(proxiedPath("mlflow-artifacts:/0/run/artifacts", "model")).toBe("0/run/artifacts/model");
});

function tryDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
