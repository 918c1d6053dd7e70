import type { PartitionAdmin } from "./partition-admin.ts";

/**
 * Spreads a queue over another number of partitions, if it has no jobs.
 *
 * First all partitions that were or will be its own are closed to everybody, then the first one says which number holds, then
 * the others follow. Where one has jobs, or was closed by somebody else since, all are as before. A change that was given up
 * half way is ended by whoever opens the queue next.
 *
 * @returns the number that holds, as it stands there: not `partitions` when the queue has jobs or somebody else is changing it too.
 */
export async function changePartitions(
  partitions: number,
  partitionAt: (index: number) => PartitionAdmin,
): Promise<string> {
  const wanted = String(partitions);
  const first = partitionAt(0);
  const [held, epoch] = await first.beginChange();
  if (epoch < 0) return held;
  const before = String(Number(held));
  const others = Array.from({ length: Math.max(Number(held), partitions) - 1 }, (_, index) =>
    partitionAt(index + 1),
  );
  /** Writes a number into the others. @returns the first that stands there in its place. */
  const follow = async (number: string, at: number): Promise<string | undefined> => {
    const answers = await Promise.all(others.map(async (other) => other.followChange(number, at)));
    return answers.find((answer) => answer !== number && answer !== wanted);
  };
  if (held === wanted) return (await follow(wanted, epoch)) ?? wanted;
  const refused = await follow(`0${before}`, epoch);
  const number = refused === undefined ? wanted : before;
  const holds = await first.endChange(number, epoch);
  if (holds !== number) return holds;
  const left = await follow(number, epoch + 1);
  return refused ?? left ?? number;
}
