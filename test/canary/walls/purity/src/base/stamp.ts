/** Nothing in base may. */
export const stamp = (): number => performance.now(); // breaks: purity
