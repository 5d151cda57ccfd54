/** Number formats and ways of quantising, as names of checkpoints end in; `q4_K_M` and the like are taken out before words are split. */
const formatWord =
  /^(?:nvfp4|mxfp[468]|fp(?:4|8|16|32)|bf16|bfloat16|float(?:8|16|32)|half|e4m3|u?int[348]|w\d+a\d+(?:kv\d+|fp\d+)?|nf4|awq|gptq|gguf|ggml|bnb|exl[23]|mlx|hqq|aqlm|qat|qad|autoround|marlin|quant|quantized|dynamic|block|kv|\d+bits?|\d+(?:\.\d+)?bpw|gs?(?:32|64|128))$/;
const ggmlFormat = /[-_.: ]i?q\d(?:_[a-z0-9]+)*(?=$|[-_.: ])/g;

/** What a release was trained for, and whose copy it is; it has the shape of the others. */
const releaseWord =
  /^(?:instruct|instruction|chat|base|it|hf|pt|sft|dpo|rlhf|orpo|preview|exp|experimental|thinking|reasoning|terminus|speciale|latest|original|turbo|tput|lora|qlora|merged|python)$/;

/** Owners that some write without a slash. */
const ownerWord = /^(?:meta|c4ai|nvidia|unsloth)$/;

/** `2507`, `0905`, `1124`: year and month, or month and day, or month and year of a release; `2024` beside its month. */
const dateWord = /^(?:2[2-9](?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|20[2-9]\d(?:\d{4})?)$/;
const monthWord = /^(?:0[1-9]|1[0-2])$/;
const sizeWord = /^(?:\d+(?:\.\d+)?[bt]|\d+x\d+(?:\.\d+)?b|a\d+(?:\.\d+)?b)$/;
const contextWord = /^\d+[km]$/;
const versionWord = /^v\d+(?:\.\d+)*$/;
/** What a model was taught beside plain text; its decoder has the shape of the plain one. */
const taskWord = /^(?:coder|math|vl|omni)$/;

/** The point of a size stays (`1.3b` is not `13b`), that of a version goes (`3.1`, `3-1`). */
const joined = (words: readonly string[]): string =>
  words.map((word) => word.replaceAll(/\.(?!\d+[bmt]$)/g, "")).join("");

/** The words of a name in lower case, its organisation left out; `3_3` is a version, as `3.3`. */
function wordsOf(name: string): readonly string[] {
  return name
    .toLowerCase()
    .replace(/^[^(]*\//, "")
    .replace(/\s*\(.*\)$/, (hint) => (hint.includes("mtp") ? hint : ""))
    .replaceAll(ggmlFormat, "")
    .replaceAll(/(?<=[a-z-]\d)_(?=\d(?:$|[-_ ]))/g, ".")
    .split(/[^a-z0-9.]+|(?<!\d)\.|\.(?!\d)/)
    .filter((word) => word !== "" && !ownerWord.test(word));
}

/** Without number formats; a name that consists of nothing else keeps them. */
function withoutFormats(words: readonly string[]): readonly string[] {
  const kept = words.filter((word, at) => at === 0 || !formatWord.test(word));
  return kept.length === 0 ? words : kept;
}

/** Without what only tells releases of one shape apart: purpose, date, context, and a version behind the size. */
function withoutRelease(words: readonly string[]): readonly string[] {
  const firstSize = words.findIndex((word) => sizeWord.test(word));
  const isRelease = (word: string, at: number): boolean => {
    if (releaseWord.test(word)) return true;
    if (at === 0) return false;
    if (dateWord.test(word)) return true;
    if (monthWord.test(word)) return /^20\d\d$/.test(words[at + 1] ?? "") || /^20\d\d$/.test(words[at - 1] ?? "");
    if (contextWord.test(word)) return firstSize >= 0 || word.endsWith("k");
    return versionWord.test(word) && (word.startsWith("v0") || (firstSize >= 0 && at > firstSize));
  };
  const kept = words.filter((word, at) => !isRelease(word, at));
  return kept.length === 0 ? words : kept;
}

/** A name as it may be known: letters and digits, and the point of a size. */
export interface ModelSpelling {
  readonly plain: string;
  /** Whether the stated size was left out: the model that is found must have it. */
  readonly isSizeless: boolean;
}

/**
 * The spellings under which a model's name is looked up, from all that is written to the least that tells a model: without
 * organisation and signs, number format, purpose, version behind the size and date, task, and the size itself.
 */
export function modelSpellings(name: string): readonly ModelSpelling[] {
  const words = wordsOf(name);
  const formless = withoutFormats(words);
  const shortest = withoutRelease(formless);
  const taskless = shortest.filter((word, at) => at === 0 || !taskWord.test(word));
  const named = shortest.filter((word) => !sizeWord.test(word));
  const sized = [words, formless, shortest, taskless].map((each) => ({ plain: joined(each), isSizeless: false }));
  return named.length === 0 || named.length === shortest.length
    ? sized
    : [...sized, { plain: joined(named), isSizeless: true }];
}

/** The shortest spelling that still tells a model's size and task, to compare misspellings by. */
export function plainModelName(name: string): string {
  return joined(withoutRelease(withoutFormats(wordsOf(name))));
}

/** Drafts of speculative decoding are named after the model that they draft for. */
const draftWord = /^(?:eagle\d?|medusa|draft|drafter|speculator|mtp|reward|embedding|reranker)$/;

/**
 * The endings of a name that may be those of the model it was tuned from (`Hermes-3-Llama-3.1-70B`), the longest first; each
 * tells a size.
 */
export function baseSpellings(name: string): readonly string[] {
  const words = withoutRelease(withoutFormats(wordsOf(name)));
  if (words.some((word) => draftWord.test(word))) return [];
  const endings = words.slice(1).map((_, at) => words.slice(at + 1));
  return endings.filter((each) => each.some((word) => /\d[bt]$/.test(word))).map(joined);
}
