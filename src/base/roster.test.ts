import fc from "fast-check";
import { expect, test } from "vitest";
import { type Listed, Roster } from "./roster.ts";

interface Guest extends Listed<Guest> {
  readonly name: number;
}

function namesIn(roster: Roster<Guest>): readonly number[] {
  const names: number[] = [];
  for (let guest = roster.oldest; guest !== null; guest = guest.younger) names.push(guest.name);
  return names;
}

test("elements stand in the order of their coming, whoever leaves in between, and nobody who left leads to one that stays", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9)), (leavers) => {
      const roster = new Roster<Guest>();
      const present: Guest[] = [];
      for (const [name, leaver] of leavers.entries()) {
        const guest: Guest = { name, older: null, younger: null };
        roster.add(guest);
        present.push(guest);
        const gone = present.splice(leaver, 1)[0];
        if (gone === undefined) continue;
        roster.remove(gone);
        expect(gone).toEqual({ name: gone.name, older: null, younger: null });
      }
      expect(namesIn(roster)).toEqual(present.map(({ name }) => name));
    }),
  );
});
