// Names on the Hugging Face hub as the lab's `checkpoint` field has them: `owner/name` or `owner/name@revision`.

export interface HubId {
  /** `owner/name` */
  readonly repository: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

/** What a name without a revision means. */
export const MAIN = "main";

/** The hub's own rule for each half of a name. */
const PART = String.raw`[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?`;
const HUB_ID = new RegExp(`^(${PART}/${PART})(?:@([A-Za-z0-9_][\\w./+-]{0,199}))?$`);

/**
 * `owner/name[@revision]`, or undefined for what cannot be one: `./name`, a path of another depth. Whether a folder of
 * that name is meant is for the caller to find out.
 */
export function parseHubId(source: string): HubId | undefined {
  const [, repository, revision = MAIN] = HUB_ID.exec(source) ?? [];
  // The cache's folders are joined by "--", and no part of a revision may lead out of the cache.
  if (repository === undefined || /--|\.\./.test(repository) || /\.\.|\/\/|\/$|\.lock$/.test(revision))
    return undefined;
  return { repository, revision };
}

/** The other way round; `main` is left out. */
export const hubSource = ({ repository, revision }: HubId): string =>
  revision === MAIN ? repository : `${repository}@${revision}`;

/** As people read it: the whole name of a commit is longer than all the rest. */
export const shortHubSource = (source: string): string => source.replace(/@([0-9a-f]{8})[0-9a-f]{32}$/, "@$1");

/** Is it a commit's whole name, which always means the same files? */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);
