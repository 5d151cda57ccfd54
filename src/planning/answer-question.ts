import { adviseWorkload } from "./advise-workload.ts";
import { fleetSite } from "./calibration/apply-fleet-site.ts";
import { applyServingSite, applyTrainingSite } from "./calibration/apply-site.ts";
import { draftFrom } from "./live/draft-from.ts";
import { answerPlan } from "./answer-plan.ts";
import { priceFleet } from "./price-fleet.ts";
import type { PlanningReply, PlanningTask } from "./questions/model.ts";
import { describeChoice } from "./report/describe-choice.ts";
import { describeFleet } from "./report/describe-fleet.ts";
import { describeInference } from "./report/describe-inference.ts";
import { describePrice } from "./report/describe-price.ts";
import { describeTraining } from "./report/describe-training.ts";
import type { ReportDocument } from "./report/model.ts";
import { documentFiles, reportFiles } from "./report/report-files.ts";
import { sizeInference } from "./size-inference.ts";
import { sizeTraining } from "./size-training.ts";

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
      return { kind: "answer", answer: { ...answer }, document: describeFleet(answer), files: reportFiles(answer) };
    }
    case "draft": {
      const plan = draftFrom(question);
      return reported({ plan }, { title: plan.name, sections: [] });
    }
    case "size-training": {
      const answer = applyTrainingSite(sizeTraining(question), site);
      return reported({ ...answer }, describeTraining(answer));
    }
    case "size-inference": {
      const answer = applyServingSite(sizeInference(question), site, (times) => sizeInference(question, times));
      return reported({ ...answer }, describeInference(answer));
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

function reported(answer: Readonly<Record<string, unknown>>, document: ReportDocument): Answered {
  return { kind: "answer", answer, document, files: documentFiles(document) };
}
