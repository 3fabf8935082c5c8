/** The last part of a path of any platform, without slashes at its end: what people know a file or folder by. */
export const lastPart = (path: string): string => path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
