import * as z from "zod";
import { adviseWorkload } from "./advise-workload.ts";
import { fleetSite } from "../calibration/apply-fleet-site.ts";
import { applyServingSite, applyTrainingSite } from "../calibration/apply-site.ts";
import { draftFrom } from "../live/draft-from.ts";
import { answerPlan } from "../fleet/answer-plan.ts";
import { priceFleet } from "./price-fleet.ts";
import type { PlanningReply, PlanningTask } from "./model.ts";
import { describeChoice } from "../report/describe-choice.ts";
import { describeFleet } from "../report/describe-fleet.ts";
import { describeInference } from "../report/describe-inference.ts";
import { describePrice } from "../report/describe-price.ts";
import { describeTraining } from "../report/describe-training.ts";
import type { ReportDocument } from "../report/model.ts";
import { documentFiles, reportFiles } from "../report/report-files.ts";
import { tellBasesOnce } from "../report/stated-errors.ts";
import { servingWhatIfs } from "./serving-what-ifs.ts";
import { type InferenceAnswer, sizeInference, sizeInferenceOnce } from "./size-inference.ts";
import { sizeTraining, type TrainingAnswer } from "./size-training.ts";
import { trainingWhatIfs } from "./training-what-ifs.ts";

type Answered = Extract<PlanningReply, { readonly kind: "answer" }>;

/**
 * Answers one question with its report and the report's files. Takes up to some two seconds of one core.
 *
 * @throws {Fault} what the part that answers throws, all of them `planning.*`.
 */
export function answerQuestion({ kind, question, thisMonth, site = [] }: PlanningTask): Answered {
  switch (kind) {
    case "plan": {
      const answer = answerPlan(question, fleetSite(site));
      const document = tellBasesOnce(describeFleet(answer));
      return { kind: "answer", answer: { ...answer }, document, files: reportFiles(answer) };
    }
    case "draft": {
      const plan = draftFrom(question);
      return reported({ plan }, { title: plan.name, sections: [] });
    }
    case "size-training": {
      const ask = (asked: unknown): TrainingAnswer => applyTrainingSite(sizeTraining(asked), site);
      const answer = ask(question);
      const whatIfs = trainingWhatIfs(fieldsOf(question), answer, ask);
      return reported({ ...answer, whatIfs }, describeTraining(answer, whatIfs));
    }
    case "size-inference": {
      const answer = applyServingSite(sizeInference(question), site, (times) => sizeInference(question, times));
      const again = (asked: unknown): InferenceAnswer =>
        applyServingSite(sizeInferenceOnce(asked), site, (times) => sizeInference(asked, times));
      const whatIfs = servingWhatIfs(fieldsOf(question), answer, again);
      return reported({ ...answer, whatIfs }, describeInference(answer, whatIfs));
    }
    case "cost": {
      const answer = priceFleet(question, thisMonth);
      return reported({ ...answer }, describePrice(answer));
    }
    case "advise": {
      const answer = adviseWorkload(question);
      return reported({ ...answer }, describeChoice(answer));
    }
  }
}

/** The fields of a question that was answered. */
function fieldsOf(question: unknown): Readonly<Record<string, unknown>> {
  return z.record(z.string(), z.unknown()).parse(question);
}

function reported(answer: Readonly<Record<string, unknown>>, document: ReportDocument): Answered {
  return { kind: "answer", answer, document: tellBasesOnce(document), files: documentFiles(document) };
}
