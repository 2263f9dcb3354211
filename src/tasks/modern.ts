/** What a statement of older manuals begins with, and the words of Lua that stand for it. */
const OLD = /Modern[ \t]+DSLs(?=\s*=[^=])/y;
const NEW = "TaskDefinitions";

/** Strings and comments, long ones too, at the start of what they are matched against. */
const SKIPPED =
  /--\[(=*)\[[\s\S]*?(?:\]\1\]|$)|--[^\n]*|\[(=*)\[[\s\S]*?(?:\]\2\]|$)|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?/y;
const WORD = /[A-Za-z_]\w*/y;

/**
 * Pure: a file's source with `Modern DSLs = {…}` written as `TaskDefinitions = {…}`. Line numbers stay; strings and
 * comments are left alone.
 */
export function modernize(source: string): string {
  if (!source.includes("DSLs")) return source;
  let result = "";
  let index = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = index;
    return pattern.exec(source)?.[0];
  };
  while (index < source.length) {
    const skipped = match(SKIPPED);
    const old = skipped === undefined ? match(OLD) : undefined;
    const taken = skipped ?? old ?? match(WORD) ?? source.charAt(index);
    result += old === undefined ? taken : NEW;
    index += taken.length;
  }
  return result;
}
