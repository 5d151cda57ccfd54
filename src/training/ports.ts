import type { Millis } from "../base/clock.ts";

/** Keys with which running jobs reach the platform. */
export interface TaskKeys {
  /** Makes a key that works in this project only, as a member, for at most `ttlMs`. Answers with the secret, which is kept nowhere. */
  issue(project: string, identity: string, ttlMs: Millis): Promise<string>;
  /** Ends every key of the identity. Idempotent. */
  revoke(identity: string): Promise<void>;
}

/** A kept copy of a folder with code. */
export interface CodeSnapshot {
  /** SHA-256 over names and contents, hex. */
  readonly hash: string;
  /** The copy's top entries: name → absolute path. */
  readonly files: Readonly<Record<string, string>>;
}

/** Copies of users' code, by content. */
export interface CodeSnapshots {
  /**
   * Copies the folder, unless an equal copy is there.
   * @throws {Fault} `training.code-unreadable` when it is no folder, too large, or holds links; `platform.disk-full`.
   */
  take(folder: string): Promise<CodeSnapshot>;
  /** A copy that was taken before. @throws {Fault} `training.code-unreadable` when it is gone. */
  open(hash: string): Promise<CodeSnapshot>;
  /** A text file of a copy. @throws {Fault} `training.code-unreadable`. */
  readText(hash: string, name: string): Promise<string>;
}

/** Folders for checkpoints: they outlive every start of a job. */
export interface CheckpointFolders {
  /** Makes the folder if there is none. Answers with its absolute path. */
  ensure(workloadId: string): Promise<string>;
  remove(workloadId: string): Promise<void>;
}

/** A model that a run logged, checked and kept where nobody can overwrite it. */
export interface KeptModel {
  readonly objectKey: string;
  readonly sha256: string;
  readonly inputs: readonly string[];
}

/** Takes models out of runs' artifacts. */
export interface CandidateModels {
  /**
   * Checks `model/model.onnx` and `model/model.json` of the run and copies the model under the candidate's own key.
   * @throws {Fault} `training.candidate-invalid`, saying what is missing or wrong.
   */
  keep(candidate: {
    readonly id: string;
    readonly project: string;
    readonly runId: string;
    readonly features: readonly string[];
  }): Promise<KeptModel>;
}
