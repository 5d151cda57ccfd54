/** Places. */
export const place = 1;
