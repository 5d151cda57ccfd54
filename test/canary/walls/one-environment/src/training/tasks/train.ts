/** A task is told its work by its environment. */
export const job = process.env["JOB"];
