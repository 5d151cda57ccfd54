/** Shares of the peak by hour: of a day (24), or of a week from Monday on (168). Conventions, to begin from. */
export type DayProfile = "" | "office" | "evening" | "week";

const office = [
  0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.4, 0.7, 0.9, 1, 1, 0.8, 0.9, 1, 1, 0.9, 0.7, 0.5, 0.3, 0.2, 0.2, 0.1, 0.1,
] as const;
const evening = [
  0.4, 0.3, 0.2, 0.15, 0.1, 0.1, 0.15, 0.25, 0.35, 0.4, 0.45, 0.5, 0.55, 0.5, 0.5, 0.55, 0.6, 0.7, 0.8, 0.95, 1, 1, 0.8,
  0.6,
] as const;
const quietDay = office.map((share) => Number((share * 0.2).toFixed(3)));
const week = [office, office, office, office, office, quietDay, quietDay].flat();

const profiles: Readonly<Record<DayProfile, readonly number[] | undefined>> = { "": undefined, office, evening, week };

/** What can be chosen. */
export const profileChoices: readonly (readonly [DayProfile, string])[] = [
  ["", "not asked"],
  ["office", "a working day"],
  ["evening", "an evening peak"],
  ["week", "a working week"],
];

/** The shares of a profile; undefined for none. */
export function sharesOf(profile: string): readonly number[] | undefined {
  return profile === "office" || profile === "evening" || profile === "week" ? profiles[profile] : undefined;
}
