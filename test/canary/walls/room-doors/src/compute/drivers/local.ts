/** Runs here. */
export const driverName = "local";
