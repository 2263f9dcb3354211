// What an expert writes to read one key of a store: open, select, print. Arguments: the file, the key.
import { Database } from "bun:sqlite";

const [file, key] = process.argv.slice(2);
const db = new Database(file, { readonly: true });
const row = db.prepare<{ value: string }, [string]>("SELECT value FROM data WHERE key = ?").get(key ?? "");
console.log(row?.value);
