// The names of what can be chosen about networks and distances, by themselves: forms and flags list them without building
// a graph.

export const METRICS = ["l1", "l2", "cosine"] as const;
export type MetricName = (typeof METRICS)[number];

/** `sum` grows with the output's size, so rates found for one size do not fit another; `mean` does not. */
export const REDUCTIONS = ["sum", "mean"] as const;
export type Reduction = (typeof REDUCTIONS)[number];

export const FULLY_CONNECTED_KINDS = ["invertible", "notInvertible", "perToken"] as const;
export type FullyConnectedKind = (typeof FULLY_CONNECTED_KINDS)[number];
