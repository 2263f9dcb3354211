import { parsePattern } from "../state/pattern.ts";

/** Whether a key's value is secret by `secrets.patterns`, where upper and lower case are the same. */
export function secretMatcher(patterns: readonly string[]): (key: string) => boolean {
  const parsed = patterns.map((pattern) => parsePattern(pattern.toLowerCase()));
  return (key) => {
    const lower = key.toLowerCase();
    return parsed.some((pattern) => pattern.matches(lower));
  };
}
