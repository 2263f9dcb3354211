import { definePlugin, RunnerError, z } from "runner";
import { type Message, payloadOf } from "./payload.ts";

/** How long a receiver may take, in ms. */
const TIMEOUT_MS = 10_000;

const config = z
  .strictObject({
    /** Where messages go. */
    webhook: z.url({ protocol: /^https?$/, error: "expected a URL that begins with http:// or https://" }),
    format: z.enum(["slack", "discord", "json"]).default("slack"),
    /** After which runs a message is sent without being asked for. */
    on: z.array(z.enum(["failure", "success"])).default([]),
    headers: z.record(z.string(), z.string()).default({}),
  })
  .optional();

type Config = z.output<typeof config>;

/** The Lua module `notify`, and messages at the end of runs. */
export default definePlugin({
  name: "notify",
  version: "1.0.0",
  api: 1,
  description: "Messages to Slack, Discord or any webhook, by scripts and at the end of runs",
  config,
  modules: {
    notify: {
      send: {
        description:
          "Sends a message to the webhook of plugins.config.notify; fields are shown beside it. Raises `unavailable` when it does not arrive.",
        args: [z.string().describe("text"), z.record(z.string(), z.unknown()).optional().describe("fields")],
        returns: "boolean",
        example: 'pcall(notify.send, "deployed", { version = "v1" })',
        async run({ config: settings, signal }, text, fields = {}) {
          await send(settings, { text, fields: asText(fields) }, signal);
          return true;
        },
      },
    },
  },
  hooks: {
    async runEnd({ ctx, file, status, exitCode, duration, tasks }) {
      const outcome = exitCode === 0 ? "success" : "failure";
      if (!ctx.config?.on.includes(outcome)) return;
      const failed = tasks.filter(({ status }) => status === "failed");
      const text = {
        ok: `${file} ran through`,
        failed: `${file} failed: ${failed.map(({ name }) => name).join(", ")}`,
        stopped: `${file} was stopped before its end`,
      }[status];
      const fields: Record<string, string> = {
        tasks: String(tasks.length),
        took: `${(duration / 1000).toFixed(1)} s`,
        ...Object.fromEntries(failed.map(({ name, message }) => [name, message ?? "failed"])),
      };
      await send(ctx.config, { text, fields }, ctx.signal);
    },
  },
});

async function send(config: Config, message: Message, signal: AbortSignal): Promise<void> {
  if (config === undefined) {
    throw new RunnerError(
      "invalid",
      "Cannot send a message: no receiver is set. Set plugins.config.notify.webhook in a config file.",
    );
  }
  const { webhook, format, headers } = config;
  // A webhook's path is its password: messages name the host alone.
  const { host } = new URL(webhook);
  const response = await fetch(webhook, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(payloadOf(format, message)),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  }).catch((cause: unknown) => {
    throw new RunnerError("unavailable", `Cannot send a message to ${host}: it cannot be reached.`, {
      cause,
    });
  });
  await response.body?.cancel();
  if (!response.ok) {
    throw new RunnerError("unavailable", `Cannot send a message to ${host}: it answered ${response.status}.`);
  }
}

function asText(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}
