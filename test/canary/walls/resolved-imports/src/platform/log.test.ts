import { test } from "vitest";

test("development packages are for tests", () => undefined);
