import { expect, test } from "bun:test";

const lib = (name: string) => new URL(`../../src/lib/${name}.ts`, import.meta.url).pathname;

test("printTogether() loses nothing when something within ends the process", () => {
  for (const ends of ["endNow", "exitProcess"]) {
    const source = `import { printTogether, printWhole } from "${lib("stdio")}";
      import { endNow } from "${lib("ending")}";
      import { exitProcess } from "${lib("exit")}";
      printTogether(() => {
        printWhole(1, "one\\n");
        printWhole(2, "two\\n");
        ${ends}(3);
      });`;
    const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, "-e", source]);
    expect([stdout.toString(), stderr.toString(), exitCode]).toEqual(["one\n", "two\n", 3]);
  }
});
