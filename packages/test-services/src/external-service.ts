import type { TestService } from "./test-service.ts";

/**
 * The server that `variable` names, if it names one.
 *
 * @throws Error from `kill9()` and `restart()`: what somebody else started is not ours to kill.
 */
export function externalService(
  variable: string,
  environment: Readonly<Record<string, string | undefined>>,
): TestService | undefined {
  const url = environment[variable];
  if (url === undefined || url === "") return undefined;
  const refuse = (verb: string) => async (): Promise<never> =>
    Promise.reject(
      new Error(
        `${verb}() needs a server that the tests started themselves; ${variable} names another one. Unset it.`,
      ),
    );
  return {
    url,
    owned: false,
    pid: undefined,
    stop: leaveRunning,
    kill9: refuse("kill9"),
    restart: refuse("restart"),
    [Symbol.asyncDispose]: leaveRunning,
  };
}

async function leaveRunning(): Promise<void> {}
