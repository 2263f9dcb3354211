import type { ArgsDef, ParsedArgs } from "../../lib/command-args.ts";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import type { CommandContext, JournaledRun } from "../../plugins/context.ts";
import type { PluginCommand } from "../../plugins/contract.ts";
import { PluginHost } from "../../plugins/host.ts";
import type { LoadedPlugin } from "../../plugins/plugin.ts";
import { showProblem } from "../../plugins/problem.ts";
import { openLocks } from "../../state/locks/open.ts";
import type { Store } from "../../state/store.ts";
import { listRuns, listTasks, standingOfRun } from "../../tasks/runs.ts";
import type { Command } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import type { Output } from "../output.ts";
import { noteLog } from "../render-run.ts";
import { renderTable } from "../table.ts";
import { toPluginServices } from "./session.ts";

/** A command of a plugin as the edge runs it: with the store and the output options besides its own. */
export function toCommand(plugin: LoadedPlugin, command: PluginCommand): Command {
  const { args = {}, details, examples = [], run } = command;
  const taken: ArgsDef = { ...OUTPUT, ...STORE, ...args };
  return {
    args: taken,
    ...(details !== undefined && { details }),
    examples,
    async run({ args: given, out }) {
      await using context = await openContext(storeOf(given));
      const locks = openLocks(context.store);
      const services = toPluginServices(context, {
        open: async () => ({ store: context.store, locks }),
        log: (record) => noteLog(record, out),
        warn: (message) => out.note(message),
      });
      await using host = new PluginHost(services, [plugin]);
      try {
        await prepare(host, plugin);
        const ctx: CommandContext = {
          ...host.context(plugin),
          out: outputOf(out),
          runs: (limit) => readRuns(context.store, limit),
        };
        // The parser has made them by the command's own words.
        return toExitCode(await run({ ctx, args: given as ParsedArgs<ArgsDef> }));
      } catch (error) {
        throw asCommandError(plugin, error);
      } finally {
        await locks.close();
      }
    },
  };
}

async function prepare(host: PluginHost, plugin: LoadedPlugin): Promise<void> {
  try {
    await host.ready(plugin);
  } catch (error) {
    const text = showProblem({ plugin: plugin.name, file: plugin.file, reason: messageOf(error) });
    throw new RunnerError("invalid", text, { cause: error });
  }
}

/** The options that say where the store is; a plugin may have given these names another meaning. */
function storeOf(given: Readonly<Record<string, unknown>>): Parameters<typeof openContext>[0] {
  const text = (name: string) => (typeof given[name] === "string" ? given[name] : undefined);
  return { agent: text("agent"), backend: text("backend"), db: text("db") };
}

function outputOf(out: Output): CommandContext["out"] {
  return {
    format: out.format,
    line: (text) => out.line(text),
    note: (text) => out.note(text),
    table: (titles, rows) => {
      const last = titles.length - 1;
      const columns = titles.map((title, i) =>
        i === last ? ({ title, flexible: true } as const) : { title },
      );
      out.line(renderTable(columns, rows, out));
    },
  };
}

async function readRuns(store: Store, limit: number): Promise<JournaledRun[]> {
  const runs = (await listRuns(store)).slice(0, limit);
  return Promise.all(
    runs.map(async (run): Promise<JournaledRun> => {
      const tasks = await listTasks(store, run);
      const { id, started, ended } = run;
      return {
        id,
        file: run.request.file,
        status: standingOfRun(run),
        started,
        ...(ended !== undefined && { ended }),
        tasks: tasks.map(({ name, status, attempts, message, ended: end }) => {
          const begun = attempts[0]?.started;
          return {
            name,
            status,
            attempts: attempts.length,
            ...(message !== undefined && { message }),
            ...(end !== undefined && begun !== undefined && { duration: end - begun }),
          };
        }),
      };
    }),
  );
}

function toExitCode(result: unknown): number {
  if (result === undefined) return 0;
  if (typeof result === "number" && Number.isInteger(result) && result >= 0 && result <= 255) return result;
  throw new Error(
    `it gave ${JSON.stringify(result)} as its exit code; expected nothing, or a number from 0 to 255`,
  );
}

function asCommandError({ name, file }: LoadedPlugin, error: unknown): unknown {
  if (error instanceof RunnerError) return error;
  const text = messageOf(error).replace(/\.$/, "");
  return new RunnerError("task_failed", `Cannot finish the command: ${text} (plugin "${name}", ${file}).`, {
    cause: error,
  });
}
