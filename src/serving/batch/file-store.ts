import { type Kysely, sql } from "kysely";
import { Fault } from "../../base/fault.ts";
import type { StoredFile } from "./batch-model.ts";

/** What a listing of files or batches asks for. */
export interface ListQuery {
  readonly limit: number;
  /** The last id of the page before; null for the first page. */
  readonly after: string | null;
}

/** Files of projects: what is known of them; their content lies in the object store. */
export class FileStore {
  readonly #database: Kysely<unknown>;

  constructor(database: Kysely<unknown>) {
    this.#database = database;
  }

  async add(file: StoredFile): Promise<void> {
    await addFile(this.#database, file);
  }

  async get(project: string, id: string): Promise<StoredFile | undefined> {
    const { rows } = await sql<StoredFile>`
      select ${columns} from serving_file where project = ${project} and id = ${id}`.execute(this.#database);
    return rows[0];
  }

  /** In the order of their making; one more than the limit tells that there are more. */
  async list(
    project: string,
    purpose: string | null,
    order: "asc" | "desc",
    { limit, after }: ListQuery,
  ): Promise<{ readonly files: readonly StoredFile[]; readonly hasMore: boolean }> {
    const isNewestFirst = order === "desc";
    const { rows } = await sql<StoredFile>`
      select ${columns} from serving_file
      where project = ${project} and (${purpose}::text is null or purpose = ${purpose})
        and (${after}::text is null or ${isNewestFirst ? sql`id < ${after}` : sql`id > ${after}`})
      order by id ${isNewestFirst ? sql`desc` : sql`asc`} limit ${limit + 1}`.execute(this.#database);
    return { files: rows.slice(0, limit), hasMore: rows.length > limit };
  }

  /**
   * Forgets a file.
   *
   * @returns what it was; undefined when there was none.
   * @throws {Fault} `serving.file-in-use` while a batch reads it.
   */
  async remove(project: string, id: string): Promise<StoredFile | undefined> {
    return await this.#database.transaction().execute(async (transaction) => {
      const { rows } = await sql<StoredFile>`
        delete from serving_file where project = ${project} and id = ${id} returning ${columns}`.execute(transaction);
      const users = await sql<{ readonly id: string }>`
        select id from serving_batch where input_file_id = ${id} and project = ${project} and ended_at is null
        limit 1`.execute(transaction);
      const [user] = users.rows;
      if (user !== undefined) {
        throw new Fault(
          "serving.file-in-use",
          `batch ${user.id} reads file ${id}; wait until it has ended, or cancel it`,
        );
      }
      return rows[0];
    });
  }
}

const columns = sql`id, project, filename, purpose, bytes, object_key as "objectKey", created_at as "createdAt"`;

/** Notes a file; noting it again changes nothing. */
export async function addFile(database: Kysely<unknown>, file: StoredFile): Promise<void> {
  await sql`
    insert into serving_file (id, project, filename, purpose, bytes, object_key, created_at)
    values (${file.id}, ${file.project}, ${file.filename}, ${file.purpose}, ${file.bytes}, ${file.objectKey},
      ${file.createdAt})
    on conflict do nothing`.execute(database);
}
