import { Gang } from "./gang.ts"; // breaks: typescript(consistent-type-imports)

type State = { readonly kind: "waiting" } | { readonly kind: "placed" };

async function place(gang: Gang): Promise<number> {
  return gang.size;
}

export function start(gang: Gang): void {
  place(gang); // breaks: typescript(no-floating-promises)
  void place(gang); // breaks: typescript(no-floating-promises)
}

export function watch(gangs: readonly Gang[]): void {
  gangs.forEach(async (gang) => { // breaks: typescript(no-misused-promises)
    await place(gang);
  });
}

export function colour(state: State): string {
  switch (state.kind) { // breaks: typescript(switch-exhaustiveness-check)
    case "waiting":
      return "amber";
  }
  return "green";
}

export function first(gangs: readonly Gang[]): number {
  return gangs[0]!.size; // breaks: typescript(no-non-null-assertion)
}

export function read(text: string, parse: (text: string) => any): string { // breaks: typescript(no-explicit-any)
  return parse(text); // breaks: typescript(no-unsafe-return)
}

export async function refuse(): Promise<void> {
  throw "no"; // breaks: typescript(only-throw-error)
}

export function wrap(work: () => void): void {
  try {
    work();
  } catch (error) { // breaks: eslint(no-unused-vars)
    throw new Error("failed"); // breaks: eslint(preserve-caught-error)
  }
}

export default place; // breaks: import(no-default-export)
