/** `npm run check`: format, lint, types and tests (the direction of imports is one), the quick steps first. */
import { join } from "node:path";
import { ROOT } from "./project.ts";

interface Step {
  readonly name: string;
  readonly argv: readonly string[];
}

const bin = (name: string) => join(ROOT, "node_modules/.bin", name);

const STEPS: readonly Step[] = [
  { name: "format", argv: [bin("biome"), "format"] },
  { name: "lint", argv: [bin("biome"), "lint", "--error-on-warnings"] },
  { name: "types", argv: [bin("tsc")] },
  { name: "house rules", argv: [process.execPath, "test", "test/house"] },
  { name: "tests", argv: [process.execPath, "scripts/test.ts"] },
];

const failed: string[] = [];
for (const { name, argv } of STEPS) {
  // The quick steps are all shown at once; the tests are not worth their minutes while one of those fails.
  if (name === "tests" && failed.length > 0) break;
  console.log(`\n── ${name}`);
  const step = Bun.spawn([...argv], { cwd: ROOT, stdio: ["inherit", "inherit", "inherit"] });
  if ((await step.exited) !== 0) failed.push(name);
}
console.log(failed.length === 0 ? "\nAll checks passed." : `\nFailed: ${failed.join(", ")}.`);
process.exitCode = failed.length === 0 ? 0 : 1;
