import { Database, SQLiteError } from "bun:sqlite";
import { RunnerError } from "../../lib/errors.ts";
import { explain } from "./errors.ts";

/** What a row of Sloth Runner's databases holds; those of its older schema have no type and no expiry. */
export interface SlothColumns {
  readonly key: unknown;
  readonly value: unknown;
  readonly type?: unknown;
  readonly createdAt?: unknown;
  readonly updatedAt?: unknown;
  readonly expiresAt?: unknown;
}

// https://sqlite.org/rescode.html#notadb
const NOTADB = 26;

/** Its schemas, the newer first: the table by which one is recognised, and what is read from it. */
const SCHEMAS = [
  {
    table: "state_data",
    columns: "key, value, type, created_at AS createdAt, updated_at AS updatedAt, expires_at AS expiresAt",
  },
  { table: "state", columns: "key, value, created_at AS createdAt, updated_at AS updatedAt" },
] as const;

/**
 * The rows of a database of Sloth Runner, which is opened for reading alone. Raises `invalid` for a file that is none,
 * and `unavailable` or `damaged` where it cannot be read.
 */
export function* readSloth(path: string): Generator<SlothColumns> {
  let db: Database | undefined;
  try {
    db = new Database(path, { readonly: true, safeIntegers: true });
    const tables = db
      .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all();
    const schema = SCHEMAS.find(({ table }) => tables.some(({ name }) => name === table));
    if (schema === undefined) throw notSloth(path);
    const rows = db.prepare<SlothColumns, []>(`SELECT ${schema.columns} FROM ${schema.table} ORDER BY key`);
    try {
      yield* rows.iterate();
    } finally {
      rows.finalize();
    }
  } catch (error) {
    if (error instanceof SQLiteError && error.errno === NOTADB) throw notSloth(path);
    throw explain(error, path);
  } finally {
    db?.close();
  }
}

function notSloth(path: string): RunnerError {
  return new RunnerError(
    "invalid",
    `Cannot import "${path}": it is no database with a table "state_data" or "state", as those of Sloth Runner are.`,
  );
}
