/** A message and what is shown beside it. */
export interface Message {
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Pure: what a receiver takes. Slack's and Discord's forms are those of their incoming webhooks. */
export function payloadOf(format: "slack" | "discord" | "json", { text, fields }: Message): object {
  if (format === "json") return { text, fields };
  const lines = Object.entries(fields).map(([name, value]) => `• ${name}: ${value}`);
  const whole = [text, ...lines].join("\n");
  return format === "slack" ? { text: whole } : { content: whole };
}
