/** Letters and digits that nobody confuses when reading one aloud. */
const ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz";

/** A new run's id: short enough to type, one in about 900 million. */
export function createRunId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return Array.from(bytes, (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}
