// What a method does and how it is set, in the words of each place that tells of it.

import { t } from "@vscode/l10n";
import type { ExperimentSpec, MethodName } from "../experiments/spec.ts";
import { counted, plural } from "./counts.ts";
import { figure } from "./figures.ts";

/** What is done to the prompt, in the terminal. */
export const DOING: Readonly<Record<MethodName, string>> = {
  inversion: "Inverting",
  orthogonalWalk: "Walking orthogonally from",
  clampedWalk: "Walking clamped from",
};

/** What the method is set to, and nothing that leaves it as it is: in the terminal. */
export function methodSetting(spec: ExperimentSpec): string[] {
  switch (spec.method) {
    case "inversion": {
      const rate = spec.learningRate === "auto" ? "found by trying" : figure(spec.learningRate);
      const noise = spec.start === "custom" ? `N(${spec.startMean}, ${spec.startStd})` : spec.start;
      return [`${spec.optimizer} η ${rate}`, `start ${noise}`];
    }
    case "orthogonalWalk":
      return [`step ${figure(spec.learningRate)}`, `direction ${spec.direction}`, `vectors ${spec.vectors}`];
    case "clampedWalk":
      return [
        `noise ${figure(spec.randEta)}`,
        `${counted(spec.innerSteps, "gradient step")} of ${figure(spec.learningRate)}`,
        ...(spec.form === "code" ? [] : [`form ${spec.form}`]),
      ];
  }
}

/** The method in a row of runs. */
export function methodName(spec: ExperimentSpec): string {
  switch (spec.method) {
    case "inversion":
      return `${spec.optimizer === "adam" ? "Adam" : t("descent")} ${spec.learningRate}`;
    case "orthogonalWalk":
      return t("orthogonal walk");
    case "clampedWalk":
      return t("clamped walk");
  }
}

/** The method's part of a condition on the page. */
export function methodParts(spec: ExperimentSpec): string[] {
  switch (spec.method) {
    case "inversion": {
      const mixed = spec.noiseShare !== 1 || spec.targetShare !== 0;
      return [
        mixed
          ? t("start {0}, {1}·noise + {2}·e*", spec.start, spec.noiseShare, spec.targetShare)
          : t("start {0}", spec.start),
        t(
          "{0}, η {1}",
          spec.optimizer === "adam" ? "Adam" : t("gradient descent"),
          spec.learningRate === "auto" ? t("found by trying") : spec.learningRate,
        ),
      ];
    }
    case "orthogonalWalk":
      return [
        t("orthogonal walk"),
        spec.direction === "gradient" ? t("null vectors of the gradient") : t("smallest directions of the Jacobian"),
        spec.vectors === "broadcast" ? t("one vector for all tokens") : t("a vector a token"),
        ...(spec.nullVector === "fresh" ? [t("drawn anew each step")] : []),
        t("step {0}", spec.learningRate),
      ];
    case "clampedWalk":
      return [
        t("clamped walk"),
        t("noise {0}", spec.randEta),
        t("{0} of {1}", plural(spec.innerSteps, "gradient step"), spec.learningRate),
        ...(spec.form === "equation" ? [t("the equation’s form")] : []),
      ];
  }
}
