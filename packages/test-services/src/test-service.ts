/** A real server for tests and the demo, until `stop()` or the end of this process, whichever comes first. */
export interface TestService extends AsyncDisposable {
  /** Where it listens, credentials included. The same after `restart()`. */
  readonly url: string;
  /** Whether this process started it: `false` for a server named in the environment, which cannot be killed. */
  readonly owned: boolean;
  /** The server's process id while it runs and is ours. */
  readonly pid: number | undefined;
  /** Ends the server and removes its data. Idempotent. */
  stop(): Promise<void>;
  /** Ends the server with SIGKILL, as a crash would, and resolves once it is gone. Its data stays. */
  kill9(): Promise<void>;
  /** Starts the server again on the same port and data, after an orderly end if it still runs. */
  restart(): Promise<void>;
}
