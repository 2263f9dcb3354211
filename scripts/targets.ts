import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./project.ts";

/** One kind of machine for which Bun comes as a package. */
export interface Target {
  /** As in `dist/runner-<name>` and `runner version`: "linux-x64-musl", "macos-arm64", "windows-x64". */
  readonly name: string;
  /** Package that holds Bun for it. */
  readonly package: string;
  /** As Bun's compiler calls it; undefined where runner does not promise to work. */
  readonly compileTarget: Bun.Build.CompileTarget | undefined;
}

const COMPILE_TARGETS: Readonly<Record<string, Bun.Build.CompileTarget>> = {
  "linux-x64": "bun-linux-x64",
  "linux-aarch64": "bun-linux-arm64",
  "linux-x64-musl": "bun-linux-x64-musl",
  "linux-aarch64-musl": "bun-linux-arm64-musl",
  "darwin-x64": "bun-darwin-x64",
  "darwin-aarch64": "bun-darwin-arm64",
  "windows-x64": "bun-windows-x64",
  "windows-aarch64": "bun-windows-arm64",
};

/** The target of this machine, as far as its name tells (musl is not told apart). */
export function hostTarget(): string {
  const os = process.platform.replace("darwin", "macos").replace("win32", "windows");
  return `${os}-${process.arch}`;
}

/** Every target that the registry has for the Bun that builds: what its package lists as its own variants. */
export async function listTargets(): Promise<Target[]> {
  const manifest: { optionalDependencies: Record<string, string> } = await Bun.file(
    join(ROOT, "node_modules/bun/package.json"),
  ).json();
  return Object.keys(manifest.optionalDependencies)
    .sort()
    .map((name) => {
      const platform = name.replace("@oven/bun-", "");
      return {
        name: platform.replace("darwin", "macos").replace("aarch64", "arm64"),
        package: name,
        compileTarget: COMPILE_TARGETS[platform],
      };
    });
}

/**
 * Path of another machine's Bun, of the same version as the one that builds; npm fetches it once into
 * node_modules/.cache. Raises with npm's words when it cannot.
 */
export async function fetchBun(target: Target): Promise<string> {
  const folder = join(ROOT, "node_modules/.cache/bun", Bun.version, target.name);
  const bun = join(folder, "node_modules", target.package, "bin", executable("bun", target));
  if (existsSync(bun)) return bun;

  mkdirSync(folder, { recursive: true });
  await Bun.write(join(folder, "package.json"), '{ "private": true }\n');
  // --force: npm refuses packages for another kind of machine without it.
  const flags = ["--force", "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"];
  const npm = Bun.spawn(["npm", "install", ...flags, `${target.package}@${Bun.version}`], {
    cwd: folder,
    stdout: "ignore",
    stderr: "pipe",
  });
  const [said, exitCode] = await Promise.all([npm.stderr.text(), npm.exited]);
  if (exitCode !== 0 || !existsSync(bun)) {
    const reason = said.split("\n").findLast((line) => line.startsWith("npm error"));
    throw new Error(reason ?? `npm ended with ${exitCode} and brought no ${bun}`);
  }
  return bun;
}

/** A program's file name on a target. */
export function executable(name: string, target: Target): string {
  return target.name.startsWith("windows") ? `${name}.exe` : name;
}
