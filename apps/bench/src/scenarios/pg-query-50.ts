import { queryScenario } from "../postgres/query-scenario.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = queryScenario(50, 4_000);
