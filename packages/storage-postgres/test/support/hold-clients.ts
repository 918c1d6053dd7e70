import type { PostgresAdapter } from "../../src/index.ts";

/** Takes clients until `letGo` is called. */
export function holdClients(
  db: PostgresAdapter,
  count: number,
): { readonly held: Promise<unknown>; letGo: () => void } {
  let letGo = (): void => {};
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  let began = 0;
  let allBegan = (): void => {};
  const held = new Promise<void>((resolve) => (allBegan = resolve));
  const calls = Array.from({ length: count }, async () => {
    await db.transaction(async (transaction) => {
      await transaction.query("select 1");
      began += 1;
      if (began === count) allBegan();
      await gate;
    });
  });
  return {
    held,
    letGo: () => {
      letGo();
      void Promise.all(calls);
    },
  };
}
