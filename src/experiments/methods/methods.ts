// From a method's name to the method.

import type { RunEvent } from "../events.ts";
import { walkClamped } from "./clamped-walk.ts";
import { invert } from "./inversion.ts";
import { walkOrthogonally } from "./orthogonal-walk.ts";
import type { ExperimentSetting } from "../setting.ts";
import type { ExperimentSpec } from "../spec.ts";

/** Carries out the spec's method. Throws LabErrors. */
export function perform(
  spec: ExperimentSpec,
  setting: ExperimentSetting,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  switch (spec.method) {
    case "inversion":
      return invert(spec, setting, signal);
    case "orthogonalWalk":
      return walkOrthogonally(spec, setting, signal);
    case "clampedWalk":
      return walkClamped(spec, setting, signal);
  }
}
