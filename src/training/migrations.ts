import type { Migration } from "../platform/migration.ts";

export const trainingMigrations: readonly Migration[] = [
  {
    number: 80,
    name: "training-cancellations",
    sql: `
      create table training_cancellation (
        uid text not null,
        generation bigint not null,
        actor text not null,
        reason text not null,
        asked_at bigint not null,
        primary key (uid, generation)
      );`,
  },
];
