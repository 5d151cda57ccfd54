const known: Readonly<Record<string, string>> = {
  auc: "AUC",
  brier: "Brier score",
  "log-loss": "Log loss",
  logLoss: "Log loss",
  calibration: "Calibration error",
  psi: "PSI",
  ks: "KS distance",
};

const shortWords: Readonly<Record<string, string>> = { auc: "AUC", psi: "PSI", ks: "KS", p50: "p50", p99: "p99" };

/** A figure's name for people: `baselineAuc` becomes `Baseline AUC`. Names that users gave stay as they are. */
export function metricName(name: string): string {
  const fixed = known[name];
  if (fixed !== undefined) return fixed;
  if (!/^[a-z]+([A-Z][a-z0-9]*)*$/.test(name)) return name;
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .split(" ")
    .map((word) => shortWords[word.toLowerCase()] ?? word.toLowerCase());
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
