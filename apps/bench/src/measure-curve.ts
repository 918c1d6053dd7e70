import type { Curve, CurveResult, CurveSide } from "./curve.ts";
import { installedVersion } from "./installed-version.ts";
import { rounded } from "./result.ts";
import { median } from "./statistics.ts";

const FULL_RUNS = 3;

/** Measures every point in this process, the sides in turn at each, after one run of each side that is not counted. */
export async function measureCurve(name: string, curve: Curve, quick: boolean): Promise<CurveResult> {
  const runs = quick ? 1 : FULL_RUNS;
  const opened = await curve.open();
  const { sides } = opened;
  const points = new Map<CurveSide, [number, number][]>(sides.map((side) => [side, []]));
  try {
    for (const side of sides) await side.rate(curve.xs[0] ?? 1);
    for (const x of curve.xs) {
      const rates = new Map<CurveSide, number[]>(sides.map((side) => [side, []]));
      for (let run = 0; run < runs; run++) {
        for (const side of run % 2 === 0 ? sides : sides.toReversed()) {
          if (x <= (side.maxX ?? Infinity)) rates.get(side)?.push(await side.rate(x));
        }
      }
      for (const [side, measured] of rates) {
        if (measured.length > 0) points.get(side)?.push([x, rounded(median(measured))]);
      }
    }
  } finally {
    await opened.close();
  }
  return {
    curve: name,
    title: curve.title,
    xLabel: curve.xLabel,
    unit: curve.unit,
    runs,
    series: sides.map((side) => ({ name: side.name, points: points.get(side) ?? [] })),
    node: process.versions.node,
    versions: Object.fromEntries(curve.peers.map((peer) => [peer, installedVersion(peer)])),
  };
}
