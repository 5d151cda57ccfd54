/** Reads words with commas between them; ends the program with a sentence when one is unknown. */
export function chooseWords<Word extends string>(
  option: string,
  given: string,
  words: readonly Word[],
): readonly Word[] {
  return given.split(",").map((each) => {
    const found = words.find((word) => word === each);
    if (found !== undefined) return found;
    process.stderr.write(`${option} knows no "${each}"; it is one of ${words.join(", ")}\n`);
    return process.exit(2);
  });
}
