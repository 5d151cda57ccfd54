/** The ids of everything that one generation of a job makes: the same after any crash. */
export interface JobIds {
  readonly workloadId: string;
  /** 32 hex digits, as MLflow's clients know run ids. */
  readonly runId: string;
  readonly candidateId: string;
  /** The identity of the job's own key. */
  readonly identity: string;
}

/**
 * Derives ids from a digest of (uid, generation).
 *
 * @param digest SHA-256, hex.
 */
export function jobIds(name: string, digest: string): JobIds {
  const short = digest.slice(0, 16);
  return {
    workloadId: `train.${name}.${short}`,
    runId: digest.slice(0, 32),
    candidateId: `candidate-${digest.slice(0, 24)}`,
    identity: `task.train-${short}`,
  };
}

const workloadPattern = /^train\.([a-z0-9-]+)\.[0-9a-f]{16}$/;

/** The job that a workload belongs to, or undefined when it is no training job's. */
export function jobOfWorkload(workloadId: string): string | undefined {
  return workloadPattern.exec(workloadId)?.[1];
}
