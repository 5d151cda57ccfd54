import { expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { makeProgram } from "../program.ts";
import { completion } from "./completion.ts";

const program = makeProgram(async () => undefined);

test("prints a script for the shell; as JSON, an object that holds it", async () => {
  const text = recordingContext({});
  const json = recordingContext({ format: "json" });

  await completion(text, { shell: "bash", program });
  await completion(json, { shell: "bash", program });

  expect(text.printed[0]).toContain("_millwright()");
  expect(JSON.parse(json.printed.join("\n"))).toMatchObject({ shell: "bash", script: text.printed[0] });
});

test("a shell without a script is refused with those that have one", async () => {
  await expect(completion(recordingContext({}), { shell: "tcsh", program })).rejects.toThrow(
    'no completion for the shell "tcsh"; there is bash, zsh and fish',
  );
});
