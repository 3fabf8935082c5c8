// What the tests inside the extension host hand out to the tests outside.

/** The environment variable with the name of the file that the results go to. */
export const RESULTS_VARIABLE = "INVERSION_LAB_HOST_RESULTS";

export interface HostTest {
  readonly title: string;
  /** Why it failed; nothing when it passed. */
  readonly error?: string;
}
