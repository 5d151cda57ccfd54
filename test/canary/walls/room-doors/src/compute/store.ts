/** Keeps machines. */
export const nodeTable = "node";
