import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { EnqueueManyResult } from "./enqueue-outcome.ts";
import { QueueError } from "./errors.ts";
import type { EnqueueOptions } from "./queue-options.ts";
import type { Queue } from "./queue.ts";
import type { JobContext } from "./worker/active-job.ts";
import type { Worker } from "./worker/worker.ts";

/** The schema of each type of job. */
export type JobDefinitions = Readonly<Record<string, StandardSchemaV1>>;

/** What is enqueued for each type, as one payload. */
export type TaggedIn<Jobs extends JobDefinitions> = {
  [Type in keyof Jobs & string]: {
    readonly type: Type;
    readonly payload: StandardSchemaV1.InferInput<Jobs[Type]>;
  };
}[keyof Jobs & string];

/** What is handed to a handler for each type, as one payload. */
export type TaggedOut<Jobs extends JobDefinitions> = {
  [Type in keyof Jobs & string]: {
    readonly type: Type;
    readonly payload: StandardSchemaV1.InferOutput<Jobs[Type]>;
  };
}[keyof Jobs & string];

/** One handler for each type: leaving one out does not compile. */
export type JobHandlers<Jobs extends JobDefinitions> = {
  readonly [Type in keyof Jobs & string]: (
    payload: StandardSchemaV1.InferOutput<Jobs[Type]>,
    job: JobContext,
  ) => unknown;
};

/** The queue that typed jobs travel in. */
export type TaggedQueue<Jobs extends JobDefinitions> = Queue<TaggedIn<Jobs>, TaggedOut<Jobs>>;

/** The options of a queue's own `process`. */
type ProcessOptions<Under extends { process(...parts: never[]): unknown }> = Exclude<
  Parameters<Under["process"]>[1],
  undefined
>;

/** One queue for several typed jobs. A body is `{"type": …, "payload": …}`. */
export class JobQueue<Jobs extends JobDefinitions, Under extends TaggedQueue<Jobs> = TaggedQueue<Jobs>> {
  /** The queue below: metrics, admin, pressure, replays, close. */
  readonly queue: Under;
  readonly #types: readonly string[];

  constructor(types: readonly string[], queue: Under) {
    this.#types = types;
    this.queue = queue;
  }

  /** As `Queue.enqueue`. */
  async enqueue<Type extends keyof Jobs & string>(
    type: Type,
    payload: StandardSchemaV1.InferInput<Jobs[Type]>,
    options?: EnqueueOptions,
  ): Promise<string> {
    return this.queue.enqueue({ type, payload }, options);
  }

  /** As `Queue.enqueueMany`. */
  async enqueueMany<Type extends keyof Jobs & string>(
    type: Type,
    payloads: readonly StandardSchemaV1.InferInput<Jobs[Type]>[],
    options?: Omit<EnqueueOptions, "id" | "dedupKey" | "dedupTtlMs">,
  ): Promise<EnqueueManyResult[]> {
    return this.queue.enqueueMany(
      payloads.map((payload) => ({ type, payload })),
      options,
    );
  }

  /** Starts one worker for all types. @throws QueueError `QUEUE_INVALID` when a handler is missing. */
  process(handlers: JobHandlers<Jobs>, options: ProcessOptions<Under>): Worker {
    const missing = this.#types.filter((type) => typeof handlers[type] !== "function");
    if (missing.length > 0) {
      throw new QueueError(
        "QUEUE_INVALID",
        `Expected a handler for each type, got none for ${missing.join(", ")}`,
      );
    }
    return this.queue.process(({ type, payload }, job) => handlers[type](payload, job), options);
  }
}

/** Several typed jobs, to be put on a queue. */
export interface DefinedJobs<Jobs extends JobDefinitions> {
  /** Accepts `{ type, payload }` of every type, and answers the payload as the type's own schema does. */
  readonly schema: StandardSchemaV1<TaggedIn<Jobs>, TaggedOut<Jobs>>;
  /** Puts the jobs on the queue that `open` makes with their schema. */
  on<Under extends TaggedQueue<Jobs>>(
    open: (schema: StandardSchemaV1<TaggedIn<Jobs>, TaggedOut<Jobs>>) => Under,
  ): JobQueue<Jobs, Under>;
}

/**
 * Gives one queue several typed jobs.
 *
 * A body of a type that is not defined is refused on the way in, and dead-lettered as `invalid` on the way out.
 *
 * @example
 * const jobs = defineJobs({ "email.send": emailSchema, "report.build": reportSchema });
 * const queue = jobs.on((schema) => new LocalQueue("work", { schema }));
 * await queue.enqueue("email.send", { to: "ada@example.org" });
 */
export function defineJobs<const Jobs extends JobDefinitions>(definitions: Jobs): DefinedJobs<Jobs> {
  const types = Object.keys(definitions);
  const schema = taggedSchema(definitions);
  return { schema, on: (open) => new JobQueue(types, open(schema)) };
}

/** The type of a job's payload where there is no schema to check it: anything passes. */
export function jobType<Payload>(): StandardSchemaV1<Payload, Payload> {
  return {
    "~standard": { version: 1, vendor: "chimera", validate: (value) => ({ value: value as Payload }) },
  };
}

function taggedSchema<Jobs extends JobDefinitions>(
  definitions: Jobs,
): StandardSchemaV1<TaggedIn<Jobs>, TaggedOut<Jobs>> {
  return {
    "~standard": {
      version: 1,
      vendor: "chimera",
      // oxlint-disable-next-line typescript/promise-function-async -- a promise only where a type's own schema answers one
      validate: (value) => {
        const { type, payload } = (value ?? {}) as { readonly type?: unknown; readonly payload?: unknown };
        const definition = typeof type === "string" && Object.hasOwn(definitions, type) && definitions[type];
        if (!definition) {
          const known = Object.keys(definitions).join(", ");
          return { issues: [{ message: `Expected one of ${known}`, path: ["type"] }] };
        }
        const result = definition["~standard"].validate(payload);
        return result instanceof Promise
          ? result.then((settled) => tagged<Jobs>(type, settled))
          : tagged<Jobs>(type, result);
      },
    },
  };
}

function tagged<Jobs extends JobDefinitions>(
  type: unknown,
  result: StandardSchemaV1.Result<unknown>,
): StandardSchemaV1.Result<TaggedOut<Jobs>> {
  if (result.issues === undefined) return { value: { type, payload: result.value } as TaggedOut<Jobs> };
  return {
    issues: result.issues.map((issue) => ({
      message: issue.message,
      path: ["payload", ...(issue.path ?? [])],
    })),
  };
}
