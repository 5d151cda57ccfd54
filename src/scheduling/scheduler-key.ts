/** The one key of the scheduler's controller: quotas span pools, so one pass decides for all of them. */
export const schedulerKey = { controller: "scheduler", key: "cluster" } as const;
