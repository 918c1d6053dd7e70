import { ClientClosedError, ErrorReply, SocketClosedUnexpectedlyError } from "redis";
import { describe, expect, test } from "vitest";
import { classifyFailure, toQueueError } from "../../src/server-errors.ts";

describe("a call that failed", () => {
  test.for([
    ["NOSCRIPT No matching script", "script"],
    ["LOADING Redis is loading the dataset in memory", "again"],
    ["READONLY You can't write against a read only replica. script: abc", "again"],
    ["TRYAGAIN Multiple keys request during rehashing of slot", "again"],
    ["CLUSTERDOWN The cluster is down", "again"],
    ["OOM command not allowed when used memory > 'maxmemory'. script: abc", "refused"],
    // As Redis 6.2 wraps what a script met.
    ["ERR Error running script (call to f_abc): @user_script:9: -OOM command not allowed", "refused"],
    ["NOPERM this user has no permissions", "refused"],
    ["ERR something else", "refused"],
  ] as const)("with the answer %s is %s", ([message, expected]) => {
    expect(classifyFailure(new ErrorReply(message))).toBe(expected);
  });

  test("without an answer may have been executed", () => {
    expect(classifyFailure(new SocketClosedUnexpectedlyError())).toBe("unknown");
    expect(classifyFailure(new Error("read ECONNRESET"))).toBe("unknown");
  });

  test("that was never written was not executed", () => {
    expect(classifyFailure(new ClientClosedError())).toBe("again");
  });
});

describe("the error that a caller sees", () => {
  test.for([
    ["OOM command not allowed", "BACKEND_FULL", true],
    ["CHIMERA_LAYOUT_NEWER 2", "QUEUE_LAYOUT_NEWER", false],
    ["CHIMERA_PARTITIONS_DIFFER 3", "QUEUE_PARTITIONS_DIFFER", false],
    ["WRONGPASS invalid username-password pair", "BACKEND_UNAVAILABLE", true],
    ["MISCONF Redis is configured to save RDB snapshots", "BACKEND_UNAVAILABLE", true],
  ] as const)("for %s is %s", ([message, code, retryable]) => {
    expect(toQueueError(new ErrorReply(message), "store jobs")).toMatchObject({ code, retryable });
  });

  test("names the partitions that hold", () => {
    expect(toQueueError(new ErrorReply("CHIMERA_PARTITIONS_DIFFER 3"), "x").message).toContain(
      "`partitions: 3`",
    );
  });

  test.for(["ERR bad argument 'a secret'", "ERR unknown command 'a', with args beginning with: 'a secret'"])(
    "quotes nothing that may have been sent of %s",
    (reply) => {
      expect(toQueueError(new ErrorReply(reply), "store jobs").message).not.toContain("secret");
    },
  );

  test.for([
    ["ERR max number of clients reached", "max number of clients"],
    ["ERR max number of clients + cluster connections reached", "max number of clients"],
    ["ERR unknown command 'EVALSHA', with args beginning with: 'x'", "unknown command"],
    ["ERR DB index is out of range", "DB index is out of range"],
  ])("says what %s means", ([reply, told]) => {
    expect(toQueueError(new ErrorReply(reply), "store jobs").message).toBe(
      `Redis could not store jobs: ${told}`,
    );
  });
});
