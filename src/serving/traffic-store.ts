import { type Kysely, sql, type Transaction } from "kysely";
import type { Clock, Instant } from "../base/clock.ts";
import type { LoggedPrediction, Outcome, OutcomesTaken, TrafficBatch } from "./gateway/messages.ts";
import { emptySums, type TrafficWindow, windowMs } from "./gateway/traffic-tally.ts";
import { bucketsPerDoubling, leastLatencyMs } from "./latency-histogram.ts";
import { addRefusals, RefusalStore } from "./refusal-store.ts";
import type { ServedLoad, ServedLoads } from "./ports.ts";
import type { ShadowSums } from "./gateway/shadow-tally.ts";
import type { ShadowTally } from "./rollout.ts";
import type { ArmTraffic, RevisionTraffic } from "./rollout-metrics.ts";

/** Windows that one read answers with. */
export const maxWindows = 20_000;

/** Deployments that one sum of what was served tells of. */
const deploymentsMax = 2000;

/** One second of one version, as stored. */
export interface StoredWindow {
  readonly versionId: string;
  readonly version: string;
  readonly startsAt: Instant;
  readonly requests: number;
  readonly errors: number;
  /** Counts by latency bucket, from bucket 0. */
  readonly histogram: readonly number[];
  readonly outcomes: number;
  readonly brierSum: number;
}

interface ScoredRow {
  readonly version_id: string;
  readonly version: string;
  readonly revision: number;
  readonly served_at: number;
  readonly probability: number;
  readonly outcome: number;
}

type AnyTransaction = Transaction<unknown>;

/**
 * What the gateway served: sums by second, predictions, and the outcomes that meet them.
 *
 * Predictions and outcomes of one deployment are written under one advisory lock, so that whichever comes second sees the first.
 */
export class TrafficStore implements ServedLoads {
  readonly refusals: RefusalStore;
  readonly #database: Kysely<unknown>;
  readonly #clock: Clock;

  constructor(database: Kysely<unknown>, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.refusals = new RefusalStore(database);
  }

  /** Takes a batch of a gateway; taking it again changes nothing. */
  async record(batch: TrafficBatch): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      const { rows } = await sql`
        insert into serving_flush (gateway, sequence, dropped, recorded_at)
        values (${batch.gateway}, ${batch.sequence}, ${batch.dropped}, ${this.#clock.now()})
        on conflict (gateway) do update
        set sequence = excluded.sequence, dropped = serving_flush.dropped + excluded.dropped, recorded_at = excluded.recorded_at
        where serving_flush.sequence < excluded.sequence
        returning sequence`.execute(transaction);
      if (rows.length === 0) return;
      for (const [key, predictions] of groupByDeployment(batch.predictions)) {
        await lockDeployment(transaction, key);
        await insertPredictions(transaction, predictions);
        await scoreWaiting(transaction, predictions);
      }
      await addWindows(transaction, batch.windows);
      for (const sums of batch.shadows) await addShadow(transaction, sums);
      await addRefusals(transaction, batch.refusals ?? []);
      for (const ejected of batch.ejected) {
        await sql`
          insert into serving_ejection (project, deployment, version_id, revision, message, ejected_at)
          values (${ejected.project}, ${ejected.deployment}, ${ejected.versionId}, ${ejected.revision}, ${ejected.message}, ${this.#clock.now()})
          on conflict do nothing`.execute(transaction);
      }
    });
  }

  /** Takes outcomes; the first outcome of a prediction stands. Those without a prediction wait for it. */
  async takeOutcomes(project: string, deployment: string, outcomes: readonly Outcome[]): Promise<OutcomesTaken> {
    if (outcomes.length === 0) return { taken: 0, joined: 0 };
    const list = JSON.stringify(
      outcomes.map((each) => ({
        prediction_id: each.requestId,
        outcome: each.outcome,
        outcome_at: Math.round(each.at),
      })),
    );
    return await this.#database.transaction().execute(async (transaction) => {
      await lockDeployment(transaction, `${project}/${deployment}`);
      const { rows } = await sql<ScoredRow>`
        update serving_prediction as prediction set outcome = given.outcome, outcome_at = given.outcome_at
        from (
          select distinct on (prediction_id) * from jsonb_to_recordset(${list}::jsonb)
            as item (prediction_id text, outcome smallint, outcome_at bigint)
          order by prediction_id
        ) as given
        where prediction.project = ${project} and prediction.deployment = ${deployment}
          and prediction.prediction_id = given.prediction_id and prediction.outcome is null
        returning prediction.version_id, prediction.version, prediction.revision, prediction.served_at,
          prediction.probability, prediction.outcome`.execute(transaction);
      await addWindows(transaction, scoreWindows(project, deployment, rows));
      const waiting = await sql`
        insert into serving_outcome_waiting (project, deployment, prediction_id, outcome, outcome_at)
        select ${project}, ${deployment}, given.prediction_id, given.outcome, given.outcome_at
        from jsonb_to_recordset(${list}::jsonb) as given (prediction_id text, outcome smallint, outcome_at bigint)
        where not exists (
          select from serving_prediction as prediction
          where prediction.project = ${project} and prediction.deployment = ${deployment}
            and prediction.prediction_id = given.prediction_id)
        on conflict do nothing`.execute(transaction);
      return { taken: rows.length + Number(waiting.numAffectedRows ?? 0n), joined: rows.length };
    });
  }

  /** Traffic of two versions in each revision from `firstRevision` on; with a baseline, that stands for the champion. */
  async revisions(
    project: string,
    deployment: string,
    firstRevision: number,
    arms: { readonly championId: string; readonly candidateId: string; readonly hasBaseline: boolean },
  ): Promise<readonly RevisionTraffic[]> {
    const { championId, candidateId, hasBaseline } = arms;
    const { rows } = await sql<ArmTraffic & { readonly revision: number; readonly versionId: string }>`
      select revision, version_id as "versionId", sum(requests)::bigint as requests, sum(errors)::bigint as errors,
        sum(callers)::bigint as callers, sum(log_latency_sum) as "logLatencySum",
        sum(log_latency_squares) as "logLatencySquares", sum(ttft_count)::bigint as "ttftCount",
        sum(log_ttft_sum) as "logTtftSum", sum(log_ttft_squares) as "logTtftSquares",
        sum(tpot_count)::bigint as "tpotCount", sum(log_tpot_sum) as "logTpotSum",
        sum(log_tpot_squares) as "logTpotSquares", sum(judged)::bigint as judged, sum(missed)::bigint as missed,
        sum(outcomes)::bigint as outcomes, sum(brier_sum) as "brierSum", sum(brier_squares) as "brierSquares"
      from serving_window
      where project = ${project} and deployment = ${deployment} and revision >= ${firstRevision}
        and ((version_id = ${candidateId} and not is_baseline)
          or (version_id = ${championId} and is_baseline = ${hasBaseline}))
      group by revision, version_id order by revision`.execute(this.#database);
    const revisions = [...new Set(rows.map((row) => row.revision))];
    const armOf = (revision: number, versionId: string): ArmTraffic =>
      rows.find((row) => row.revision === revision && row.versionId === versionId) ?? noTraffic;
    return revisions.map((revision) => ({
      revision,
      champion: armOf(revision, championId),
      candidate: armOf(revision, candidateId),
    }));
  }

  /** What each deployment served in [from, to), of its champion and candidates together. */
  async served(from: Instant, to: Instant): Promise<readonly ServedLoad[]> {
    const { rows } = await sql<ServedLoad>`
      select w.project, w.deployment, sum(requests)::float8 as requests,
        coalesce((select sum(count * ${leastLatencyMs}::float8 * power(2, (place - 0.5) / ${bucketsPerDoubling}::float8))
          from serving_window inside, unnest(inside.histogram) with ordinality as bucket (count, place)
          where inside.project = w.project and inside.deployment = w.deployment
            and inside.starts_at >= ${from} and inside.starts_at < ${to}), 0)::float8 / 1000 as "busySeconds",
        sum(ttft_count)::float8 as "ttftCount", sum(tpot_count)::float8 as "tpotCount",
        exp(sum(log_ttft_sum) / nullif(sum(ttft_count), 0)) / 1000 as "ttftSeconds",
        exp(sum(log_tpot_sum) / nullif(sum(tpot_count), 0)) / 1000 as "tpotSeconds",
        (sum(tokens_in) / nullif(sum(token_count), 0))::float8 as "inputTokens",
        (sum(tokens_out) / nullif(sum(token_count), 0))::float8 as "outputTokens"
      from serving_window w
      where starts_at >= ${from} and starts_at < ${to}
      group by w.project, w.deployment order by w.project, w.deployment limit ${deploymentsMax}`.execute(
      this.#database,
    );
    return rows;
  }

  /** What a shadow showed in the revisions from `firstRevision` on. */
  async shadow(
    project: string,
    deployment: string,
    versionId: string,
    firstRevision: number,
  ): Promise<ShadowTally | null> {
    const { rows } = await sql<ShadowTally>`
      select sum(compared)::bigint as compared, sum(agreed)::bigint as agreed, sum(failed)::bigint as failed,
        sum(dropped)::bigint as dropped, sum(difference_sum) as "differenceSum", max(difference_max) as "differenceMax",
        sum(exact)::bigint as exact, sum(log_length_ratio_sum) as "logLengthRatioSum",
        sum(same_finish)::bigint as "sameFinish", sum(texts)::bigint as texts
      from serving_shadow
      where project = ${project} and deployment = ${deployment} and version_id = ${versionId}
        and revision >= ${firstRevision}
      having count(*) > 0`.execute(this.#database);
    return rows[0] ?? null;
  }

  /** Why the gateway stopped sending to a version in a revision from `firstRevision` on; null when it did not. */
  async ejection(
    project: string,
    deployment: string,
    versionId: string,
    firstRevision: number,
  ): Promise<string | null> {
    const { rows } = await sql<{ readonly message: string }>`
      select message from serving_ejection
      where project = ${project} and deployment = ${deployment} and version_id = ${versionId} and revision >= ${firstRevision}
      order by revision limit 1`.execute(this.#database);
    return rows[0]?.message ?? null;
  }

  /** Seconds in which requests were served, oldest first, with `startsAt` in [from, to). */
  async windows(project: string, deployment: string, from: Instant, to: Instant): Promise<readonly StoredWindow[]> {
    const { rows } = await sql<StoredWindow>`
      select version_id as "versionId", version, starts_at as "startsAt", requests, errors,
        histogram::float8[] as histogram, outcomes, brier_sum as "brierSum"
      from serving_window
      where project = ${project} and deployment = ${deployment} and starts_at >= ${from} and starts_at < ${to}
      order by starts_at limit ${maxWindows}`.execute(this.#database);
    return rows;
  }

  /** Forgets what is older than the given moments. */
  async prune(predictionsBefore: Instant, windowsBefore: Instant): Promise<void> {
    await sql`delete from serving_prediction where served_at < ${predictionsBefore}`.execute(this.#database);
    await sql`delete from serving_outcome_waiting where outcome_at < ${predictionsBefore}`.execute(this.#database);
    await sql`delete from serving_window where starts_at < ${windowsBefore}`.execute(this.#database);
    await sql`delete from serving_refusal where starts_at < ${windowsBefore}`.execute(this.#database);
    await sql`delete from serving_flush where recorded_at < ${predictionsBefore}`.execute(this.#database);
  }
}

const noTraffic: ArmTraffic = {
  ...emptySums,
  outcomes: 0,
  brierSum: 0,
  brierSquares: 0,
};

function groupByDeployment(
  predictions: readonly LoggedPrediction[],
): readonly (readonly [string, readonly LoggedPrediction[]])[] {
  const groups = Map.groupBy(predictions, (each) => `${each.project}/${each.deployment}`);
  return [...groups].sort(([left], [right]) => (left < right ? -1 : 1));
}

async function lockDeployment(transaction: AnyTransaction, key: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`serving/${key}`}, 0))`.execute(transaction);
}

async function insertPredictions(transaction: AnyTransaction, predictions: readonly LoggedPrediction[]): Promise<void> {
  const list = JSON.stringify(
    predictions.map((each) => ({ ...each, eventAt: Math.round(each.eventAt), servedAt: Math.round(each.servedAt) })),
  );
  await sql`
    insert into serving_prediction (project, deployment, prediction_id, version_id, version, revision, event_at, served_at,
      latency_ms, inputs, features, probability)
    select project, deployment, "predictionId", "versionId", version, revision, "eventAt", "servedAt", "latencyMs", inputs,
      features, coalesce(probability, 'NaN')
    from jsonb_to_recordset(${list}::jsonb) as item (project text, deployment text, "predictionId" text, "versionId" text,
      version text, revision integer, "eventAt" bigint, "servedAt" bigint, "latencyMs" real, inputs jsonb, features jsonb,
      probability double precision)
    on conflict do nothing`.execute(transaction);
}

/** Gives predictions the outcomes that came before them. */
async function scoreWaiting(transaction: AnyTransaction, predictions: readonly LoggedPrediction[]): Promise<void> {
  const [first] = predictions;
  if (first === undefined) return;
  const { project, deployment } = first;
  const { rows } = await sql<ScoredRow>`
    with met as (
      delete from serving_outcome_waiting
      where project = ${project} and deployment = ${deployment}
        and prediction_id = any(${predictions.map((each) => each.predictionId)}::text[])
      returning prediction_id, outcome, outcome_at
    )
    update serving_prediction as prediction set outcome = met.outcome, outcome_at = met.outcome_at
    from met
    where prediction.project = ${project} and prediction.deployment = ${deployment}
      and prediction.prediction_id = met.prediction_id and prediction.outcome is null
    returning prediction.version_id, prediction.version, prediction.revision, prediction.served_at, prediction.probability,
      prediction.outcome`.execute(transaction);
  await addWindows(transaction, scoreWindows(project, deployment, rows));
}

interface WindowDelta extends TrafficWindow {
  readonly outcomes?: number;
  readonly brierSum?: number;
  readonly brierSquares?: number;
}

function scoreWindows(project: string, deployment: string, rows: readonly ScoredRow[]): readonly WindowDelta[] {
  const groups = Map.groupBy(rows, (row) => `${row.version_id}/${row.revision}/${secondOf(row.served_at)}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const squares = group.map((row) => (row.probability - row.outcome) ** 2).filter(Number.isFinite);
    return [
      {
        project,
        deployment,
        versionId: first.version_id,
        version: first.version,
        revision: first.revision,
        isBaseline: false,
        startsAt: secondOf(first.served_at),
        ...emptySums,
        histogram: {},
        outcomes: squares.length,
        brierSum: squares.reduce((sum, each) => sum + each, 0),
        brierSquares: squares.reduce((sum, each) => sum + each * each, 0),
      },
    ];
  });
}

function secondOf(instant: Instant): Instant {
  return Math.floor(instant / windowMs) * windowMs;
}

async function addWindows(transaction: AnyTransaction, windows: readonly WindowDelta[]): Promise<void> {
  if (windows.length === 0) return;
  const ordered = windows.toSorted((left, right) => (windowKey(left) < windowKey(right) ? -1 : 1));
  const list = JSON.stringify(ordered.map((each) => ({ ...each, histogram: denseHistogram(each.histogram) })));
  await sql`
    insert into serving_window (project, deployment, version_id, version, revision, is_baseline, starts_at,
      requests, errors, callers, log_latency_sum, log_latency_squares, ttft_count, log_ttft_sum, log_ttft_squares,
      tpot_count, log_tpot_sum, log_tpot_squares, token_count, tokens_in, tokens_out, judged, missed, histogram, outcomes,
      brier_sum, brier_squares)
    select project, deployment, "versionId", version, revision, "isBaseline", "startsAt",
      requests, errors, callers, "logLatencySum", "logLatencySquares", "ttftCount", "logTtftSum", "logTtftSquares",
      "tpotCount", "logTpotSum", "logTpotSquares", coalesce("tokenCount", 0), coalesce("tokensInSum", 0), coalesce("tokensOutSum", 0),
      judged, missed,
      array(select value::bigint from jsonb_array_elements_text(histogram)),
      coalesce(outcomes, 0), coalesce("brierSum", 0), coalesce("brierSquares", 0)
    from jsonb_to_recordset(${list}::jsonb) as item (project text, deployment text, "versionId" text, version text,
      revision integer, "isBaseline" boolean, "startsAt" bigint,
      requests bigint, errors bigint, callers bigint, "logLatencySum" double precision,
      "logLatencySquares" double precision, "ttftCount" bigint, "logTtftSum" double precision,
      "logTtftSquares" double precision, "tpotCount" bigint, "logTpotSum" double precision,
      "logTpotSquares" double precision, "tokenCount" bigint, "tokensInSum" bigint, "tokensOutSum" bigint, judged bigint, missed bigint,
      histogram jsonb, outcomes bigint, "brierSum" double precision, "brierSquares" double precision)
    on conflict (project, deployment, version_id, is_baseline, revision, starts_at) do update set
      requests = serving_window.requests + excluded.requests,
      errors = serving_window.errors + excluded.errors,
      callers = serving_window.callers + excluded.callers,
      log_latency_sum = serving_window.log_latency_sum + excluded.log_latency_sum,
      log_latency_squares = serving_window.log_latency_squares + excluded.log_latency_squares,
      ttft_count = serving_window.ttft_count + excluded.ttft_count,
      log_ttft_sum = serving_window.log_ttft_sum + excluded.log_ttft_sum,
      log_ttft_squares = serving_window.log_ttft_squares + excluded.log_ttft_squares,
      tpot_count = serving_window.tpot_count + excluded.tpot_count,
      log_tpot_sum = serving_window.log_tpot_sum + excluded.log_tpot_sum,
      log_tpot_squares = serving_window.log_tpot_squares + excluded.log_tpot_squares,
      token_count = serving_window.token_count + excluded.token_count,
      tokens_in = serving_window.tokens_in + excluded.tokens_in,
      tokens_out = serving_window.tokens_out + excluded.tokens_out,
      judged = serving_window.judged + excluded.judged,
      missed = serving_window.missed + excluded.missed,
      histogram = array(
        select coalesce(before, 0) + coalesce(more, 0)
        from unnest(serving_window.histogram, excluded.histogram) with ordinality as bucket (before, more, place)
        order by place),
      outcomes = serving_window.outcomes + excluded.outcomes,
      brier_sum = serving_window.brier_sum + excluded.brier_sum,
      brier_squares = serving_window.brier_squares + excluded.brier_squares`.execute(transaction);
}

async function addShadow(transaction: AnyTransaction, sums: ShadowSums): Promise<void> {
  await sql`
    insert into serving_shadow (project, deployment, version_id, revision, compared, agreed, failed, dropped,
      difference_sum, difference_max, exact, log_length_ratio_sum, same_finish, texts)
    values (${sums.project}, ${sums.deployment}, ${sums.versionId}, ${sums.revision}, ${sums.compared}, ${sums.agreed},
      ${sums.failed}, ${sums.dropped}, ${sums.differenceSum}, ${sums.differenceMax}, ${sums.exact},
      ${sums.logLengthRatioSum}, ${sums.sameFinish}, ${sums.texts})
    on conflict (project, deployment, version_id, revision) do update set
      compared = serving_shadow.compared + excluded.compared,
      agreed = serving_shadow.agreed + excluded.agreed,
      failed = serving_shadow.failed + excluded.failed,
      dropped = serving_shadow.dropped + excluded.dropped,
      difference_sum = serving_shadow.difference_sum + excluded.difference_sum,
      difference_max = greatest(serving_shadow.difference_max, excluded.difference_max),
      exact = serving_shadow.exact + excluded.exact,
      log_length_ratio_sum = serving_shadow.log_length_ratio_sum + excluded.log_length_ratio_sum,
      same_finish = serving_shadow.same_finish + excluded.same_finish,
      texts = serving_shadow.texts + excluded.texts`.execute(transaction);
}

function windowKey(window: TrafficWindow): string {
  return `${window.project}/${window.deployment}/${window.versionId}/${window.revision}/${window.isBaseline}/${window.startsAt}`;
}

function denseHistogram(histogram: Readonly<Record<number, number>>): readonly number[] {
  const top = Math.max(-1, ...Object.keys(histogram).map(Number));
  return Array.from({ length: top + 1 }, (_, bucket) => histogram[bucket] ?? 0);
}
