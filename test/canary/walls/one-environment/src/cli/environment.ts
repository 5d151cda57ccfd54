/** The command line has one place too. */
export const server = process.env["MILLWRIGHT_URL"];
