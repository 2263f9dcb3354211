import type { SettingName } from "../config/config.ts";
import { unitOf } from "../config/schema.ts";
import { MASK } from "../modules/secrets.ts";
import { NONE } from "./preview.ts";

const SPANS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 } as const;
const SPACES = { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 } as const;

/** A setting's value as a config file would have it, in one line; `value` has been through `maskSecrets`. */
export function settingText(name: SettingName, value: unknown): string {
  if (value === undefined) return name === "run.timeout" ? "none" : NONE;
  if (typeof value === "string") return value;
  if (typeof value !== "number") return JSON.stringify(value);
  const unit = unitOf(name);
  if (unit === "ms") return inUnit(value, SPANS) ?? `${value}ms`;
  return (unit === "bytes" && inUnit(value, SPACES)) || String(value);
}

/** In the largest unit that has it as a whole number. */
function inUnit(value: number, units: Readonly<Record<string, number>>): string | undefined {
  const found = Object.entries(units).find(([, size]) => value >= size && value % size === 0);
  return found && `${value / found[1]}${found[0]}`;
}

/**
 * A setting's value with everything masked that nobody should see over a shoulder: passwords in URLs, and what has a
 * secret's name in tables and in the queries of URLs.
 */
export function maskSecrets(value: unknown, isSecret: (name: string) => boolean): unknown {
  if (typeof value === "string") return maskUrl(value, isSecret);
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item, isSecret));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSecret(name) ? MASK : maskSecrets(inner, isSecret),
    ]),
  );
}

function maskUrl(text: string, isSecret: (name: string) => boolean): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
  return (
    text
      // The last @ before the path: a password may have one that is not escaped.
      .replace(/^([^/]+:\/\/[^/:]*):[^/]*@/, `$1:${MASK}@`)
      .replace(/([?&])([^=&#]+)=[^&#]*/g, (all, mark: string, name: string) =>
        isSecret(name) ? `${mark}${name}=${MASK}` : all,
      )
  );
}
