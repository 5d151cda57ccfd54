import { Fault } from "../../base/fault.ts";
import type { CommandContext } from "../command-context.ts";
import {
  type LooseQuestion,
  type ModelInput,
  printAnswer,
  type QuestionInput,
  readModel,
  readQuestion,
  setMembers,
} from "../planning-answer.ts";

export interface AdviseInput extends QuestionInput, ModelInput {
  readonly precision?: string;
  /** Of serving. */
  readonly rps?: number;
  readonly input?: number;
  readonly output?: number;
  readonly ttft?: number;
  readonly tpot?: number;
  readonly engine?: string;
  /** Of training. */
  readonly tokens?: number;
  readonly days?: number;
  readonly sequence?: number;
  readonly gpu?: readonly string[];
  readonly residency?: readonly string[];
  readonly isolation?: string;
  readonly certification?: readonly string[];
  readonly aroundTheClock?: boolean;
  readonly engineers?: number;
}

/** Which GPU for a workload, from whom under which rules, and who runs it. Needs no server. */
export async function advise(context: CommandContext, input: AdviseInput): Promise<number> {
  const source = await readQuestion(context, input.file);
  const question = {
    ...source.question,
    ...setMembers({
      work: await workOf(input),
      gpus: input.gpu,
      residency: input.residency,
      isolation: input.isolation,
      certifications: input.certification,
      coverage: input.aroundTheClock === true ? "around-the-clock" : undefined,
      engineersAvailable: input.engineers,
    }),
  };
  return await printAnswer(context, "advise", question, input, source);
}

/** The workload that the options describe; undefined where the file does. */
async function workOf(input: AdviseInput): Promise<LooseQuestion | undefined> {
  if (input.model === undefined) {
    if (input.file !== undefined) return undefined;
    const message =
      "name a workload: --model NAME with --rps, --input and --output (serving), or with --tokens and --days (training)";
    throw new Fault("cli.argument-invalid", message);
  }
  const isTraining = input.tokens !== undefined || input.days !== undefined;
  if (isTraining && input.rps !== undefined) {
    throw new Fault("cli.argument-invalid", "--rps is of serving, --tokens and --days are of training; ask for one");
  }
  const shared = { ...(await readModel(input)), precision: input.precision };
  if (isTraining) {
    const { tokens, days, sequence } = input;
    return setMembers({ kind: "training", ...shared, tokens, days, sequenceTokens: sequence });
  }
  return setMembers({
    kind: "serving",
    ...shared,
    engine: input.engine,
    inputTokens: input.input,
    outputTokens: input.output,
    peakPerSecond: input.rps,
    ttftSeconds: input.ttft,
    tpotSeconds: input.tpot,
  });
}
