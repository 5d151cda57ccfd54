/** A second place. */
export const key = process.env["MILLWRIGHT_KEY"]; // breaks: one-environment
