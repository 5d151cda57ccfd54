/** So may a test. */
export const started = Date.now();
