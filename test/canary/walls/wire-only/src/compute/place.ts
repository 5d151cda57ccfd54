/** A decision of the server. */
export const place = (): number => 1;
