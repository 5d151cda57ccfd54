import { Scheduler } from "../engine/scheduler.ts";
import type { NewScheduler } from "./ports.ts";

/** The scheduler that simulations run: the engine that decides live. */
export const newScheduler: NewScheduler = (settings, quotas) => new Scheduler(settings, quotas);
