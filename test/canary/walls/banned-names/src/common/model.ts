/** Anybody. */ // breaks: banned-names
export const anybody = 1;
