/** How, not what. */
export class PlacementManager {} // breaks: banned-names
export interface INode {} // breaks: banned-names
export const placeV2 = 1; // breaks: banned-names
export function placeImpl(): void {} // breaks: banned-names
const helpers = 1; // breaks: banned-names
export const commonPrefix = helpers;
export interface IOPlan {}
export interface Item {}
