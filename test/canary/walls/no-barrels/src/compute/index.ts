/** Named after nothing. */ // breaks: no-barrels
export const index = 1;
