/** The place for it. */
export const config = process.env["PORT"];
