/** How often a condition is looked at before the test gives up. */
const looksMax = 2_400;
const pauseMs = 50;

/** Waits until `look` gives something other than undefined or false; fails loudly, naming what was awaited. */
export async function until<Value>(
  what: string,
  look: () => Promise<Value | undefined | false> | Value | undefined | false,
): Promise<Value> {
  for (let count = 0; count < looksMax; count += 1) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw new Error(`gave up waiting until ${what}`);
}
