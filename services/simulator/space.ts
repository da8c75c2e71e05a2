import { type RecoveryWorld, servingIn } from './recovery.ts';

/** Of each key's value that fills the store. */
const fillBytes = 1000;
/** Members look for room once a second, and a compaction takes some time. */
const roomMs = 6000;
const askEveryMs = 500;

/** Where all is well, a store that is full takes more soon after half of what it holds has gone. */
export class Space {
  readonly #world: RecoveryWorld;
  readonly #quotaBytes: number;

  constructor(world: RecoveryWorld, quotaBytes: number) {
    this.#world = world;
    this.#quotaBytes = quotaBytes;
  }

  /** Takes simulated time. Returns what is wrong, in words; empty: nothing. */
  run(bug: (thrown: unknown) => void): string {
    const { scheduler } = this.#world;
    const said: string[] = [];
    this.#ask().then((wrong) => said.push(wrong), bug);
    while (said.length === 0 && !scheduler.stopped) scheduler.run(scheduler.now + askEveryMs);
    return said[0] ?? '';
  }

  async #ask(): Promise<string> {
    const { client, cluster } = this.#world;
    const members = servingIn(cluster);
    await client.makeRoom(members[0]);
    const most = (2 * this.#quotaBytes) / fillBytes;
    const at = (number: number): number => members[number % members.length] ?? 0;
    let filled = 0;
    while (filled < most && (await client.fill(filled, at(filled), fillBytes))) filled++;
    await client.unfill(filled >> 1);
    for (const member of members) {
      if (await this.#takes(member)) continue;
      return `member ${member} takes nothing for ${roomMs} ms, though half of what it held has gone`;
    }
    return '';
  }

  async #takes(at: number): Promise<boolean> {
    const { client, scheduler, process } = this.#world;
    for (let waitedMs = 0; waitedMs < roomMs; waitedMs += askEveryMs) {
      if (await client.write(at)) return true;
      await new Promise<void>((resolve) => {
        scheduler.at(process, scheduler.now + askEveryMs, resolve);
      });
    }
    return false;
  }
}
