import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { type Accelerator, acceleratorSchema } from "./accelerator.ts";
import { findAccelerator, listAccelerators } from "./find-accelerator.ts";
import type { Resolved } from "./fallback.ts";
import { lineFallback } from "./line-fallback.ts";
import { lineSpread } from "./guessed-figures.ts";
import { lineOfAccelerator } from "./accelerator-line.ts";

/** Entries of one question. */
const entriesMax = 1000;

/** What a user knows of an accelerator; figures that are left out are taken from its nearest relative. */
const partSchema = acceleratorSchema
  .unwrap()
  .partial()
  .extend({
    name: z.string().min(1).max(80),
    family: acceleratorSchema.unwrap().shape.family.unwrap().optional(),
    like: z.string().min(1).max(80).optional().describe("An accelerator of the catalog that it resembles."),
  });

type Part = z.infer<typeof partSchema>;

/** An accelerator as a user writes it: GB, GB/s, dense TFLOP/s. */
export type OwnAccelerator = Readonly<z.input<typeof partSchema>>;

/**
 * Reads a user's own accelerators, as parsed from YAML. An entry that leaves figures out is completed from the accelerator
 * that it says it is like, else from the nearest by the figures that it gives, else from its name's line.
 *
 * @throws {Fault} `planning.catalog-invalid` naming the entry and the field.
 */
export function parseAccelerators(value: unknown): readonly Resolved<Accelerator>[] {
  const parsed = z.array(partSchema).max(entriesMax).safeParse(value);
  if (parsed.success) return parsed.data.map((part, at) => completeAccelerator(part, at));
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  throw new Fault("planning.catalog-invalid", `the list of accelerators cannot be read: ${problems}`, {
    details: { problems, path: ["ownAccelerators", ...(parsed.error.issues[0]?.path ?? [])].map(String).join(".") },
  });
}

function completeAccelerator(part: Part, at: number): Resolved<Accelerator> {
  const { like: _like, ...given } = part;
  const whole = acceleratorSchema.safeParse(given);
  if (whole.success) return { value: whole.data };
  const relative = relativeOf(part, at);
  const ratio = (part.bf16Tflops ?? relative.bf16Tflops) / relative.bf16Tflops;
  const scaled = (rate: number | undefined): number | undefined => (rate === undefined ? undefined : rate * ratio);
  const guessed = {
    ...relative,
    fp8Tflops: scaled(relative.fp8Tflops),
    fp4Tflops: scaled(relative.fp4Tflops),
    family: hasKin(part) ? relative.family : "other",
    ...given,
  };
  const value = acceleratorSchema.parse(
    Object.fromEntries(Object.entries(guessed).filter(([, each]) => each !== undefined)),
  );
  const missing = Object.keys(relative).filter((name) => !(name in given) && !silent.has(name));
  const isKnown = part.bf16Tflops !== undefined && part.memoryGbPerSecond !== undefined;
  const words =
    `"${part.name}" is no accelerator of the catalog: it is planned by the figures that were given, and by those of ` +
    `${relative.name} where none were (${missing.join(", ")})`;
  return {
    value,
    fallback: {
      of: "accelerator",
      asked: part.name,
      taken: relative.name,
      words,
      reason: `figures of "${part.name}" that were not given are those of ${relative.name}`,
      spread: isKnown ? 0 : lineSpread().rates,
      memory: part.memoryGb === undefined ? { capacity: lineSpread().memory } : {},
    },
  };
}

/** Whether an entry says, or its name tells, which family it is of. */
const hasKin = ({ like, name }: Part): boolean => like !== undefined || lineOfAccelerator(name) !== undefined;

/** Fields of which nobody has to hear that they were filled in. */
const silent: ReadonlySet<string> = new Set(["vendor", "year", "source", "confidence", "name", "family"]);

/** The accelerator whose figures complete an entry. */
function relativeOf(part: Part, at: number): Accelerator {
  if (part.like !== undefined) return findAccelerator(part.like);
  const figures = ["bf16Tflops", "memoryGb", "memoryGbPerSecond"] as const;
  const given = figures.filter((figure) => part[figure] !== undefined);
  const line = lineOfAccelerator(part.name);
  const family = part.family ?? line?.family;
  if (given.length === 0 && line !== undefined) return lineFallback(part.name, line, listAccelerators());
  if (given.length < figures.length && family === undefined) {
    const missing = figures.filter((figure) => !given.includes(figure)).join(", ");
    throw new Fault(
      "planning.catalog-invalid",
      `the list of accelerators cannot be read: ${at}: "${part.name}" leaves out ${missing}; give them, or its family, or what it is like`,
      { details: { path: `ownAccelerators.${at}` } },
    );
  }
  const relatives = listAccelerators().filter((each) => family === undefined || each.family === family);
  const distance = (each: Accelerator): number =>
    given.reduce((sum, figure) => sum + Math.abs(Math.log(each[figure] / (part[figure] ?? each[figure]))), 0);
  const [nearest] = (relatives.length === 0 ? listAccelerators() : relatives).toSorted(
    (left, right) => distance(left) - distance(right),
  );
  if (nearest === undefined) throw new RangeError("the catalog of accelerators is empty");
  return nearest;
}
