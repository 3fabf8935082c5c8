// The number formats in which the matrices of a network can be used.

/** As the checkpoint has them, or in 16 bits, or in 8 bits with a scale for each of their outputs. */
export const WEIGHT_FORMATS = ["stored", "float16", "int8"] as const;
export type WeightFormat = (typeof WEIGHT_FORMATS)[number];
/** Those that replace the checkpoint's own numbers. */
export type ReducedPrecision = Exclude<WeightFormat, "stored">;
/** Bits of a weight in each. */
export const PRECISION_BITS: Readonly<Record<ReducedPrecision, number>> = { float16: 16, int8: 8 };

/** The scales of a matrix in 8 bits, one for each of its outputs: w = scale · (byte − 128). */
export const scaleName = (name: string): string => `${name}.scale`;
