/** Families whose layers are state spaces, or recurrent in their own way; names in lower case, words apart by one hyphen. */
const recurrentFamilies: readonly RegExp[] = [
  /mamba|jamba|zamba|bamba|rwkv|recurrentgemma|hyena|retnet/,
  /nemotron-?3(?:\.\d)?-(?:nano|super|ultra|omni)/,
  /nemotron-h(?:-|$)/,
  /(?<!llama-.*)nemotron-nano-\d+b-v2/,
  /falcon-?h1/,
  /granite-?4(?:\.0)?-h/,
  /kimi-linear/,
  /minimax-(?:text|m1)/,
  /(?:^|-)lfm2/,
];

/**
 * Why a model cannot be planned by its name though that tells its size, in words; undefined where it can.
 *
 * A state of fixed size stands in for most of a cache in such models: the typical shape of their size would keep many times as
 * much memory, which nobody should be told in silence.
 */
export function whyUnplannable(name: string): string | undefined {
  const words = name
    .toLowerCase()
    .replace(/^.*\//, "")
    .replaceAll(/[^a-z0-9.]+/g, "-");
  if (!recurrentFamilies.some((family) => family.test(words))) return undefined;
  return (
    "it has recurrent (state-space) layers, whose time and memory do not follow from a transformer's shape; give its number of " +
    "weights as parameters (and activeParameters, with experts) to plan a transformer of that size, whose cache is larger, or its " +
    "shape under ownModels with the recurrent layers as windows of 64 tokens (windowTokens, windowedLayers)"
  );
}
