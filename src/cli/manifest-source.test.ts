import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readManifestSources } from "./manifest-source.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millwright-manifests-"));
  await mkdir(join(folder, "empty"));
  await mkdir(join(folder, "nested.yaml"));
  for (const name of ["02-job.yml", "01-data.yaml", "README.md", "train.py"]) await writeFile(join(folder, name), name);
});
afterAll(async () => await rm(folder, { recursive: true }));

const noInput = async () => "";

test("a folder gives its YAML files by name", async () => {
  const sources = await readManifestSources([folder], noInput);

  expect(sources.map(({ text }) => text)).toEqual(["01-data.yaml", "02-job.yml"]);
  expect(sources.map((source) => source.folder)).toEqual([folder, folder]);
});

test("files come in the order in which they were named, standard input among them", async () => {
  const sources = await readManifestSources([join(folder, "02-job.yml"), "-"], async () => "from input");

  expect(sources.map(({ file, text }) => [file, text])).toEqual([
    [join(folder, "02-job.yml"), "02-job.yml"],
    ["<stdin>", "from input"],
  ]);
});

test("a file that is not there is told by name", async () => {
  await expect(readManifestSources([join(folder, "nope.yaml")], noInput)).rejects.toMatchObject({
    code: "cli.file-unreadable",
    message: `cannot read "${join(folder, "nope.yaml")}": there is no such file or folder`,
  });
});

test("a folder without YAML is refused", async () => {
  await expect(readManifestSources([join(folder, "empty")], noInput)).rejects.toThrow(
    /no \*\.yaml or \*\.yml in folder/,
  );
});
