import { queryScenario } from "../postgres/query-scenario.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = queryScenario(10, 4_000);
