/**
 * How many of a replica's places, or of a deployment's, one worker may use: all that no other worker holds, and its fair share in any case.
 *
 * A worker that holds more than its share gives places back as its requests end, since the others' share is theirs. What others hold
 * is known some 50 ms later, so that more may be under way for that long. There is one place at least for each worker.
 *
 * @param heldElsewhere what other workers told that they hold.
 * @param others workers beside this one.
 */
export function shareOfPlaces(places: number, heldElsewhere: number, others: number): number {
  return Math.max(Math.ceil(places / (others + 1)), places - heldElsewhere);
}
