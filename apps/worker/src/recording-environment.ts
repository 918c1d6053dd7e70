import type { Environment } from "@chimera/dlq";

/** An environment that notes the names that are asked for. */
export function recordingEnvironment(values: Environment): { environment: Environment; names: Set<string> } {
  const names = new Set<string>();
  const environment = new Proxy(values, {
    get(target, name) {
      if (typeof name === "string") names.add(name);
      return Reflect.get(target, name) as unknown;
    },
  });
  return { environment, names };
}
