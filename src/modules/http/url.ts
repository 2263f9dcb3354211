/** Whether it is what can be asked for, and where a redirection may lead: the host's fetch reads files and more. */
export function isHttp({ protocol }: URL): boolean {
  return protocol === "http:" || protocol === "https:";
}
