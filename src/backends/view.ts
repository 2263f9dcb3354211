import type { Backend } from "./backend.ts";

/** A backend with some of its methods replaced; the others are its own. */
export function viewOf(base: Backend, own: Partial<Backend>): Backend {
  return new Proxy(base, {
    get: (target, name) => {
      const replaced: unknown = Reflect.get(own, name);
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
