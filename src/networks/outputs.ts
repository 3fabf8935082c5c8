// Where a sub-network ends.

/** After its last block, after the final norm, or with the head put on either. */
export const OUTPUTS = ["block", "finalNorm", "blockHead", "head"] as const;
export type Output = (typeof OUTPUTS)[number];

/** Does the output consist of logits over the vocabulary? */
export const hasHead = (output: Output): boolean => output === "head" || output === "blockHead";

/** Has the final norm been applied? */
export const hasFinalNorm = (output: Output): boolean => output === "head" || output === "finalNorm";
