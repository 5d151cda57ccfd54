import { expect, test } from "vitest";
import { fieldsOf } from "../../api/reading.ts";
import { partnerOf, partnerTitle, versionChoices } from "./chat-partner.ts";

test("the versions that share the traffic may be asked by name, a baseline not twice", () => {
  const traffic = [
    { version: "2", arm: "candidate", percent: 5 },
    { version: "1", arm: "champion", percent: 90 },
    { version: "1", arm: "baseline", percent: 5 },
  ];

  expect(versionChoices({ name: "chat", status: fieldsOf({ traffic }, "status") })).toEqual([
    { value: "chat@2", label: "v2 (candidate, 5%)" },
    { value: "chat@1", label: "v1 (champion, 90%)" },
  ]);
});

test("a partner is a deployment, or one of its versions", () => {
  expect(partnerOf("chat")).toEqual({ name: "chat", version: null });
  expect(partnerOf("chat@2")).toEqual({ name: "chat", version: "2" });
  expect(partnerTitle(partnerOf("chat@spec-1a2b"))).toBe("chat spec-1a2b");
});
