// Bare durable commits, one after another, of what a journal says of one task. Arguments: the file, FULL or NORMAL,
// how many. Its cost is that of the whole process.
import { openCommits } from "./commit.ts";

const [file = "", synchronous, times] = process.argv.slice(2);
const commit = openCommits(file, synchronous === "FULL" ? "FULL" : "NORMAL");
for (let i = 0; i < Number(times); i++) commit(`task-${i}`);
