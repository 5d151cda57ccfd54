import type { CommandContext } from "../command-context.ts";
import {
  type ModelInput,
  printAnswer,
  type QuestionInput,
  readModel,
  readQuestion,
  setMembers,
} from "../planning-answer.ts";

export interface SizeTrainingInput extends QuestionInput, ModelInput {
  readonly gpu?: string;
  readonly gpus?: number;
  readonly gpusPerNode?: number;
  readonly network?: string;
  readonly tokens?: number;
  readonly sequence?: number;
  readonly batch?: number;
  readonly precision?: string;
  readonly stack?: string;
  readonly lora?: boolean;
  readonly qlora?: boolean;
}

/** Sizes a training run: the best layouts, their time and memory, and why the others lost. Needs no server. */
export async function sizeTraining(context: CommandContext, input: SizeTrainingInput): Promise<number> {
  const source = await readQuestion(context, input.file);
  const question = {
    ...source.question,
    ...setMembers({
      ...(await readModel(input)),
      accelerator: input.gpu,
      gpus: input.gpus,
      gpusPerNode: input.gpusPerNode,
      network: input.network,
      tokens: input.tokens,
      sequenceTokens: input.sequence,
      globalSequences: input.batch,
      precision: input.precision,
      stack: input.stack,
      isLora: input.qlora ?? input.lora,
      frozenPrecision: input.qlora === true ? "int4" : undefined,
    }),
  };
  return await printAnswer(context, "size-training", question, input, source);
}

export interface SizeInferenceInput extends QuestionInput, ModelInput {
  readonly gpu?: string;
  readonly engine?: string;
  readonly precision?: string;
  readonly input?: number;
  readonly output?: number;
  readonly rps?: number;
  readonly ttft?: number;
  readonly tpot?: number;
  readonly good?: number;
  readonly concurrency?: number;
  readonly tensor?: number;
  readonly cached?: number;
  readonly tokensPerStep?: number;
  readonly draft?: number;
  readonly load?: string;
  readonly hours?: readonly number[];
  readonly gpusPerNode?: number;
}

/** Sizes the serving of a model: how many replicas of which layout keep the goals. Needs no server. */
export async function sizeInference(context: CommandContext, input: SizeInferenceInput): Promise<number> {
  const source = await readQuestion(context, input.file);
  const question = {
    ...source.question,
    ...setMembers({
      ...(await readModel(input)),
      accelerator: input.gpu,
      engine: input.engine,
      precision: input.precision,
      inputTokens: input.input,
      outputTokens: input.output,
      peakPerSecond: input.rps,
      ttftSeconds: input.ttft,
      tpotSeconds: input.tpot,
      goodShare: input.good,
      concurrency: input.concurrency,
      tensor: input.tensor,
      cachedShare: input.cached,
      tokensPerStep: input.tokensPerStep,
      draftShare: input.draft,
      load: input.load,
      hourShares: input.hours,
      gpusPerNode: input.gpusPerNode,
    }),
  };
  return await printAnswer(context, "size-inference", question, input, source);
}
