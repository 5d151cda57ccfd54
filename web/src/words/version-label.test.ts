import { expect, test } from "vitest";
import { versionLabel } from "./version-label.ts";

test("numbers get a letter before them, names stay as they are", () => {
  expect(["3", "12", "external", "q4"].map(versionLabel)).toEqual(["v3", "v12", "external", "q4"]);
});
