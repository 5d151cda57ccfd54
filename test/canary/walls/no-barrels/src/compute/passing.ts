import { place } from "./place.ts"; // breaks: no-barrels
export { place };
