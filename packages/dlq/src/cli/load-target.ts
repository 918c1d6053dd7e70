import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { DlqError } from "../errors.ts";
import type { ReplayTarget } from "../replay-target.ts";

/** A target, and how to end it. */
export interface LoadedTarget extends AsyncDisposable {
  readonly target: ReplayTarget;
}

/**
 * Loads a target from a module of the user's: its `target` or default export, which is a `ReplayTarget` or a function
 * that makes one. Afterwards the target's `close`, where it has one, is called.
 *
 * @throws DlqError `DLQ_INVALID` when the module cannot be loaded or exports no target.
 */
export async function loadTarget(path: string): Promise<LoadedTarget> {
  const url = pathToFileURL(resolve(path)).href;
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new DlqError("DLQ_INVALID", `Could not load ${path}: ${String(error)}`, { cause: error });
  }
  const maker = exported["target"] ?? exported["default"];
  const target: unknown = typeof maker === "function" ? await (maker as () => unknown)() : maker;
  if (!isTarget(target)) {
    throw new DlqError(
      "DLQ_INVALID",
      `Expected ${path} to export a target, { name, take(items) }, or a function that makes one`,
    );
  }
  return {
    target,
    [Symbol.asyncDispose]: async () => {
      await (target as { close?: () => unknown }).close?.();
    },
  };
}

function isTarget(value: unknown): value is ReplayTarget {
  if (typeof value !== "object" || value === null) return false;
  const { name, take } = value as { name?: unknown; take?: unknown };
  return typeof name === "string" && typeof take === "function";
}
