import { FirstComeScheduler } from "./first-come-scheduler.ts";
import type { NewScheduler } from "./ports.ts";

/** The scheduler that simulations run, unless they are given another: the one place where it is plugged in. */
export const newScheduler: NewScheduler = () => new FirstComeScheduler();
