/** One name and what each run says of it; `differs` when they do not all say the same. */
export interface DiffRow {
  readonly name: string;
  readonly values: readonly (string | null)[];
  readonly differs: boolean;
}

/** Lays texts by name of several runs beside each other, the differing ones first. */
export function diffTexts(runs: readonly Readonly<Record<string, string>>[]): readonly DiffRow[] {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run)))].toSorted();
  const rows = names.map((name) => {
    const values = runs.map((run) => run[name] ?? null);
    return { name, values, differs: values.some((value) => value !== values[0]) };
  });
  return [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)];
}
