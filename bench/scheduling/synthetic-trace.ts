import { type Random, seededRandom } from "../../src/base/random.ts";

/** What a made-up trace is to be like. */
export interface SyntheticLoad {
  readonly jobs: number;
  /** GPUs of the cluster, in nodes of eight. */
  readonly gpus: number;
  /** GPU time that is asked for over what there is, on the mean. */
  readonly load: number;
  readonly queues: readonly string[];
  readonly seed: number;
}

/** Shares of jobs by members and GPUs of each: most want one GPU, few are gangs of whole nodes. */
const sizes = [
  { share: 0.7, members: 1, gpus: 1 },
  { share: 0.1, members: 1, gpus: 2 },
  { share: 0.08, members: 1, gpus: 4 },
  { share: 0.1, members: 1, gpus: 8 },
  { share: 0.015, members: 2, gpus: 8 },
  { share: 0.005, members: 4, gpus: 8 },
] as const;
/** Durations are log-normal with this median and deviation of the logarithm: half an hour, a tenth above four hours. */
const medianSeconds = 1800;
const deviation = 1.6;
const longestSeconds = 5 * 86_400;
/** Limits exceed durations by up to this part, drawn evenly. */
const limitExcess = 1;
const limitStepSeconds = 300;
const cpusPerGpu = 8;
const daySeconds = 86_400;
/** By which part more arrives at the height of the day, and less at night: the cluster is too small every day. */
const wave = 0.4;

/**
 * Makes a trace in our own format: arrivals at random in daily waves over the time that makes the load, sizes and durations as
 * above, priorities 75, 50 and 25 for 15, 35 and 50 % of the jobs. The same seed makes the same trace.
 */
export function syntheticTrace({ jobs, gpus, load, queues, seed }: SyntheticLoad): string {
  const random = seededRandom(seed);
  const drawn = Array.from({ length: jobs }, () => drawJob(random, queues));
  const asked = drawn.reduce((sum, job) => sum + job.members * job.gpus * job.seconds, 0);
  const span = asked / (gpus * load);
  const arrivals = drawn.map(() => drawArrival(random, span)).toSorted((left, right) => left - right);
  const rows = drawn.map(({ members, gpus: each, seconds, limit, priority, queue }, index) =>
    [`j${index}`, arrivals[index]?.toFixed(3), seconds, limit, queue, members, each, each * cpusPerGpu, priority].join(
      ",",
    ),
  );
  return ["id,submit_s,duration_s,limit_s,queue,members,gpus,cpus,priority", ...rows, ""].join("\n");
}

function drawArrival(random: Random, span: number): number {
  for (;;) {
    const at = random.next() * span;
    if (random.next() * (1 + wave) < 1 + wave * Math.sin((2 * Math.PI * at) / daySeconds)) return at;
  }
}

function drawJob(random: Random, queues: readonly string[]) {
  let left = random.next();
  const { members, gpus } = sizes.find(({ share }) => (left -= share) < 0) ?? sizes[0];
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const seconds = Math.ceil(Math.min(longestSeconds, medianSeconds * Math.exp(deviation * normal)));
  const limit = Math.ceil((seconds * (1 + limitExcess * random.next())) / limitStepSeconds) * limitStepSeconds;
  const rank = random.next();
  const priority = rank < 0.15 ? 75 : rank < 0.5 ? 50 : 25;
  const queue = queues[Math.floor(random.next() * queues.length)] ?? "";
  return { members, gpus, seconds, limit, priority, queue };
}
