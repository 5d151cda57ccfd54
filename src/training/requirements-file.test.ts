import { expect, test } from "vitest";
import { parseRequirementsFile } from "./requirements-file.ts";

test("leaves out comments and blank lines, and joins continued ones", () => {
  const text = "# packages\nmlflow==3.17.2\n\nnumpy \\\n  >=2 # newest\r\ngit+https://example.org/x#egg=x\n";
  expect(parseRequirementsFile(text)).toEqual(["mlflow==3.17.2", "numpy    >=2", "git+https://example.org/x#egg=x"]);
});
