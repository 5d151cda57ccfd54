import type { Clock } from "../../base/clock.ts";
import type { DeploymentDesk } from "../gateway/deployment-desk.ts";
import { type Refusal, serverRefusal } from "../gateway/protocol/refusal.ts";

/** What a caller is told when no replica of a deployment may be asked: that there is none, or when one may be asked again. */
export function notReady(desk: DeploymentDesk, clock: Clock): Refusal {
  const { deployment } = desk.route;
  const now = clock.now();
  const opensAt = desk.champion?.opensAt(now) ?? Number.POSITIVE_INFINITY;
  const isOpenSoon = Number.isFinite(opensAt) && opensAt > now;
  const message = isOpenSoon
    ? `every replica of ${deployment} has failed lately and is left alone for a moment`
    : `${deployment} has no replica that is ready; see: millwright describe deployment ${deployment}`;
  return serverRefusal(503, "model_not_ready", message, isOpenSoon ? opensAt - now : 1_000);
}
