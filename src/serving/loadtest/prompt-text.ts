import type { Random } from "../../base/random.ts";

/** Words of three letters: with the space about one token each in the usual vocabularies, and four bytes in every one. */
const words =
  "act add age air all and any arm art ask bad bag bed big box boy bus buy can car cat cut day dog dry ear eat egg end eye far few fit fly for fun get god gun guy had hat her him his hit hot how ice its job key law lay leg let lie lot low man map may men mix new not now odd off oil old one our out own pay per put ran red run sad say sea see set she sit six sky son sun tax tea ten the tie too top try two use war was way who why win yes yet you".split(
    " ",
  );

/** A text of about so many tokens, drawn word by word. */
export function promptText(tokens: number, random: Random): string {
  const drawn: string[] = [];
  for (let count = 0; count < tokens; count += 1) drawn.push(words[Math.floor(random.next() * words.length)] ?? "the");
  return drawn.join(" ");
}
