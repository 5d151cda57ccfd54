/** Anything. */ // breaks: banned-names
export const anything = 1;
