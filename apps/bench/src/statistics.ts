/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  const lower = sorted[middle - 1];
  if (upper === undefined) throw new RangeError("The median of no values is not defined");
  return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}

/** How many times better `ours` is than `reference`. */
export function ratioOf(ours: number, reference: number, better: "higher" | "lower"): number {
  return better === "higher" ? ours / reference : reference / ours;
}
