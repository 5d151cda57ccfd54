import type { CommandContext } from "../command-context.ts";
import { printAnswer, type QuestionInput, readQuestion, setMembers } from "../planning-answer.ts";

export interface CostInput extends QuestionInput {
  readonly gpu?: string;
  readonly gpus?: number;
  readonly months?: number;
  readonly start?: string;
  readonly use?: number;
  readonly tokensPerSecond?: number;
  readonly serverUsd?: number;
  readonly rentUsd?: number;
  readonly usdPerKwh?: number;
  readonly pue?: number;
}

/** Prices one fleet each way to get it: buy, rent, reserve and the best mix. Needs no server. */
export async function cost(context: CommandContext, input: CostInput): Promise<number> {
  const source = await readQuestion(context, input.file);
  const question = {
    ...source.question,
    ...setMembers({
      gpu: input.gpu,
      gpus: input.gpus,
      months: input.months,
      startMonth: input.start,
      utilisation: input.use,
      tokensPerSecondPerGpu: input.tokensPerSecond,
      serverUsdPerGpu: input.serverUsd,
      rentUsdPerGpuHour: input.rentUsd,
      usdPerKwh: input.usdPerKwh,
      pue: input.pue,
    }),
  };
  return await printAnswer(context, "cost", question, input, source);
}
