/** What an engine says of itself at one moment; the totals only grow. */
export interface EngineFigures {
  readonly running: number;
  readonly waiting: number;
  /** Tokens whose state is kept, and how many may be. */
  readonly kvTokens: number;
  readonly kvTokensMax: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly generatedTokens: number;
  readonly promptSeconds: number;
  readonly generationSeconds: number;
  /** Requests by how they ended. */
  readonly ended: Readonly<Record<"stop" | "length" | "abort" | "error", number>>;
}

/** The figures in Prometheus' text format, under the names of llama.cpp's server where it has them. */
export function engineMetrics(figures: EngineFigures): string {
  const lines = [
    gauge("llamacpp:requests_processing", "Requests that hold a slot.", figures.running),
    gauge("llamacpp:requests_deferred", "Requests that wait for a slot.", figures.waiting),
    gauge(
      "llamacpp:kv_cache_usage_ratio",
      "Part of the KV cache that is filled.",
      figures.kvTokensMax === 0 ? 0 : figures.kvTokens / figures.kvTokensMax,
    ),
    gauge("llamacpp:kv_cache_tokens", "Tokens in the KV cache.", figures.kvTokens),
    counter("llamacpp:prompt_tokens_total", "Tokens of prompts that were processed.", figures.promptTokens),
    counter("llamacpp:prompt_tokens_cached_total", "Tokens of prompts whose state was there.", figures.cachedTokens),
    counter("llamacpp:prompt_seconds_total", "Time in which prompts were processed.", figures.promptSeconds),
    counter("llamacpp:tokens_predicted_total", "Tokens that were generated.", figures.generatedTokens),
    counter(
      "llamacpp:tokens_predicted_seconds_total",
      "Time in which tokens were generated.",
      figures.generationSeconds,
    ),
    "# HELP llamacpp:request_ends_total Choices by how they ended.",
    "# TYPE llamacpp:request_ends_total counter",
    ...Object.entries(figures.ended).map(
      ([reason, count]) => `llamacpp:request_ends_total{reason="${reason}"} ${count}`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function gauge(name: string, help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}`;
}

function counter(name: string, help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name} ${value}`;
}
