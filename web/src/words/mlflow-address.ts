/**
 * The address of the page for what an MLflow client prints (`#/experiments/ID/runs/ID`, `#/experiments/ID`), or null
 * when the fragment is no such address.
 */
export function pageOfMlflowAddress(fragment: string): string | null {
  const match = /^#\/experiments\/[\w-]+(?:\/runs\/([\w-]+))?$/.exec(fragment);
  if (match === null) return null;
  return match[1] === undefined ? "/runs" : `/runs?filter=${match[1]}`;
}
