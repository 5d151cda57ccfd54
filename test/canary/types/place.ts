export const first = (names: readonly string[]): string => names[0]; // breaks: TS2322
export const gang: { readonly size?: number } = { size: undefined }; // breaks: TS2375
export enum Colour {} // breaks: TS1294
