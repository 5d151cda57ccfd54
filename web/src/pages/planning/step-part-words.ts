/** Parts of a training step as the answer names them, in the words of its report. */
const words: Readonly<Record<string, string>> = {
  products: "matrix products",
  attention: "attention",
  memory: "memory traffic",
  host: "kernel launches",
  tensor: "tensor-parallel communication",
  exchange: "expert all-to-all",
  bubble: "pipeline bubble",
  data: "data-parallel communication",
  optimizer: "optimizer",
};

/** What a part of a step is called; one that is unknown here keeps its name. */
export function stepPartWords(name: string): string {
  return words[name] ?? name;
}
