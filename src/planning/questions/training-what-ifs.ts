import * as z from "zod";
import type { WhatIf } from "../advice/align-workload.ts";
import { askedAccelerator } from "./asked-accelerator.ts";
import { askedNodeGpus, askedNodeNetwork, isRackScale } from "./asked-network.ts";
import { formatFallbacks } from "./number-format.ts";
import { trainingQuestionSchema } from "./model.ts";
import { writeDays, writeNumber } from "../report/write-figure.ts";
import type { TrainingAnswer } from "./size-training.ts";
import { askWhatIf, writeChange } from "./what-if.ts";

/** A question that was answered once, or the same with something changed. */
type Asked = Readonly<Record<string, unknown>>;

const chipSchema = z.looseObject({ accelerator: z.string(), ownAccelerators: z.unknown().optional() });
const nodeSchema = trainingQuestionSchema.pick({ gpusPerNode: true }).loose();

/**
 * What the answer would be with one thing changed: accelerators, number format, batch, network.
 *
 * @param ask answers a changed question as the first one was.
 */
export function trainingWhatIfs(
  question: Asked,
  answer: TrainingAnswer,
  ask: (question: Asked) => TrainingAnswer,
): readonly WhatIf[] {
  return changesOf(question, answer).map(([change, changed]) =>
    askWhatIf(change, () => effectOf(answer, ask({ ...question, ...changed }))),
  );
}

type Change = readonly [string, Readonly<Record<string, unknown>>];

/** A layout that was given is for its number of accelerators only. */
function changesOf(question: Asked, answer: TrainingAnswer): readonly Change[] {
  const { gpus, globalSequences, precision, nodes } = answer;
  const chip = askedAccelerator(chipSchema.parse(question)).value;
  const isOpen = question["layout"] === undefined;
  const batch = { globalSequences };
  const sizes: readonly Change[] = isOpen
    ? [
        ["twice the GPUs, the same batch", { gpus: gpus * 2, ...batch }],
        ...(gpus % 2 === 0 ? [["half the GPUs, the same batch", { gpus: gpus / 2, ...batch }] as const] : []),
      ]
    : [];
  // Packed weights are unpacked to 16 bits.
  const isWide = precision === "bf16" && answer.frozenPrecision === undefined;
  const narrower: readonly Change[] =
    isWide && formatFallbacks(chip, "fp8").length === 0 ? [["products in fp8", { precision: "fp8" }]] : [];
  const { gpusPerNode } = nodeSchema.parse(question);
  const node = askedNodeNetwork(question["network"], chip, askedNodeGpus(gpusPerNode, chip));
  // Nodes of a rack are its trays: their size moves no domain.
  const tray = isRackScale(chip) ? { gpusPerNode: node.nodeGpus } : {};
  const half = { network: node.nodeGbPerSecond / 2, ...tray };
  const network: readonly Change[] = nodes > 1 ? [["half the network out of each node", half]] : [];
  return [...sizes, ...narrower, ["twice the batch", { globalSequences: globalSequences * 2 }], ...network];
}

function effectOf(before: TrainingAnswer, after: TrainingAnswer): string {
  const [rate, was] = [after.step.tokensPerSecondPerGpu, before.step.tokensPerSecondPerGpu];
  const yielded = `${writeNumber(rate)} tokens/s GPU (${writeChange(rate, was)})`;
  return after.days === undefined ? yielded : `${writeDays(after.days.likely)}, ${yielded}`;
}
