import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Intake } from "./intake.ts";

describe("connections that come in at once", () => {
  let intake: Intake;
  let answered: string[];
  const ask = (name: string): void => intake.enter(() => answered.push(name));

  beforeEach(() => {
    vi.useFakeTimers();
    intake = new Intake();
    answered = [];
  });

  afterEach(() => {
    intake.stop();
    vi.useRealTimers();
  });

  test("are taken in before requests are answered, which keep their order", () => {
    ask("before");
    intake.expect(2);
    ask("first");
    intake.expect(1);
    ask("second");
    expect(answered).toEqual(["before"]);

    intake.expect(0);
    ask("after");
    expect(answered).toEqual(["before", "first", "second", "after"]);
  });

  test("hold nobody up when they come one by one", () => {
    for (let each = 0; each < 100; each += 1) {
      intake.expect(0);
      ask(`request ${each}`);
    }
    expect(answered).toHaveLength(100);
  });

  test("are expected to be followed by more once they are many, but not for long", () => {
    for (let left = 19; left >= 0; left -= 1) intake.expect(left);
    ask("held");
    intake.expect(0);
    expect(answered).toEqual([]);

    vi.advanceTimersByTime(5);
    expect(answered).toEqual(["held"]);
  });

  test("hold requests up no longer than half of the time, however many come", () => {
    intake.expect(1_000);
    ask("first");
    vi.advanceTimersByTime(500);
    expect(answered).toEqual(["first"]);

    intake.expect(999);
    ask("second");
    vi.advanceTimersByTime(499);
    intake.expect(998);
    ask("third");
    expect(answered).toEqual(["first", "second", "third"]);

    vi.advanceTimersByTime(1);
    intake.expect(997);
    ask("fourth");
    expect(answered).not.toContain("fourth");
  });
});

test("a gateway that stops answers what waits", () => {
  const intake = new Intake();
  const answered: string[] = [];
  intake.expect(1);
  intake.enter(() => answered.push("held"));
  intake.stop();

  expect(answered).toEqual(["held"]);
});
