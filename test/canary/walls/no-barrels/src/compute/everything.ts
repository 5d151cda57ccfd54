export { place } from "./place.ts"; // breaks: no-barrels
