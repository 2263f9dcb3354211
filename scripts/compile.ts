import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** One compilation: an entry file, the executable that it becomes, and for what. */
export interface Compilation {
  readonly entry: string;
  /** Files that it starts as `new Worker(new URL("./name.ts", import.meta.url))`; their names differ. */
  readonly workers?: readonly string[];
  /** Absolute path of the executable; replaced in one step, so that nobody ever starts half of one. */
  readonly outfile: string;
  /** Names that become constants, as JSON. */
  readonly define: Readonly<Record<string, string>>;
  /** Another machine's target and the Bun of that machine; absent: this machine. */
  readonly cross?: { readonly target: Bun.Build.CompileTarget; readonly bun: string };
}

/** Compiles a program with everything that it imports into one executable. Raises with Bun's messages. */
export async function compile({ entry, workers = [], outfile, define, cross }: Compilation): Promise<void> {
  mkdirSync(dirname(outfile), { recursive: true });
  // A folder of its own and not a name of its own: the name goes into the executable, and equal input has to give
  // equal bytes.
  const workshop = mkdtempSync(join(dirname(outfile), ".build-"));
  const unfinished = join(workshop, basename(outfile));
  try {
    await Bun.build({
      entrypoints: [entry, ...workers],
      // Side by side with the pieces that start them: that is where a worker's relative URL leads.
      naming: { entry: "[name].[ext]" },
      target: "bun",
      format: "esm",
      minify: true,
      // In one piece, every start would load what any command imports: 5–8 ms more than the command's own pieces.
      splitting: true,
      bytecode: true,
      // wasmoon mentions both; without this the path of the building machine would be in every binary.
      define: { __filename: '"/runner"', __dirname: '"/"', ...define },
      compile: {
        outfile: unfinished,
        // These would take code or settings from whatever folder the binary is started in.
        autoloadDotenv: false,
        autoloadBunfig: false,
        autoloadTsconfig: false,
        autoloadPackageJson: false,
        execArgv: ["--disallow-code-generation-from-strings"],
        ...(cross === undefined ? {} : { target: cross.target, executablePath: cross.bun }),
      },
    });
    renameSync(unfinished, outfile);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}
