import { type Backend, SPACES } from "../../backends/backend.ts";
import { type Finding, type Verification, verifyFile } from "../../backends/sqlite/verify.ts";
import { messageOf } from "../../lib/errors.ts";
import { node } from "../../lib/node.ts";
import { decode } from "../codec.ts";
import { fileOf } from "../open.ts";

/**
 * Checks all that a store holds: what the engine can check of its file, and that each value can be read. `progress` is
 * told how many rows were looked at since the last time. Undefined where there is no store yet.
 */
export async function verifyEntries(
  backend: Backend,
  progress: (rows: number) => void,
): Promise<Verification | undefined> {
  const file = fileOf(backend);
  if (file !== undefined) return node.fs.existsSync(file) ? verifyFile(file, progress) : undefined;
  const findings: Finding[] = [];
  let entries = 0;
  for (const space of SPACES) {
    for await (const page of backend.snapshot({ space, prefix: "" })) {
      for (const entry of page) {
        try {
          decode(entry.value);
          entries++;
        } catch (error) {
          findings.push({ where: `${space} ${JSON.stringify(entry.key)}`, what: messageOf(error) });
        }
      }
      progress(page.length);
    }
  }
  return { entries, records: 0, findings };
}
