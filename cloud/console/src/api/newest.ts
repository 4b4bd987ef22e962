/** Whether an answer is older than what was heard meanwhile: a read that began before a change ends after it. Pure. */

/** The newest version of each case that was told by the feed, a list or a command. */
export class Newest {
  private readonly versions = new Map<string, number>();

  heard(id: string, version: number): void {
    if (version > this.of(id)) this.versions.set(id, version);
  }

  of(id: string): number {
    return this.versions.get(id) ?? 0;
  }

  forget(): void {
    this.versions.clear();
  }
}

/** Reads until the answer is not older than what was heard while it was read; the last answer after four tries. */
export async function readNewest<T extends { version: number }>(
  read: () => Promise<T>,
  heard: () => number,
  tries = 4,
): Promise<T> {
  const found = await read();
  return found.version < heard() && tries > 1 ? readNewest(read, heard, tries - 1) : found;
}
