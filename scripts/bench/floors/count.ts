// What an expert writes to count the keys of a store: open, count, print. Argument: the file.
import { Database } from "bun:sqlite";

const db = new Database(process.argv[2] ?? "", { readonly: true });
console.log(db.prepare<{ keys: number }, []>("SELECT count(*) AS keys FROM data").get()?.keys);
