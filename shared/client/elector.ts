import { QuorateError } from '#shared/base';
import type { Clock, Timer } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { childController, orAborted } from './abort.ts';
import type { ApiClient, Fence } from './api-client.ts';

const campaignWaitMs = 10_000;
const retryMs = 250;
/** How long a leader that stops may take before it resigns with work still going on. */
const handOverMs = 500;

export interface ElectedOptions {
  readonly api: Pick<ApiClient, 'campaign' | 'renew' | 'resign'>;
  readonly election: string;
  /** Unique per process instance: a restarted process must not inherit its predecessor's lead. */
  readonly identity: string;
  /** Without a renewal for this long somebody else may lead. Default 3. */
  readonly leaseSeconds?: number | undefined;
  /** Between renewals; default a third of the lease. */
  readonly renewMs?: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends it all: the lead is given back at once. */
  readonly signal: AbortSignal;
}

/**
 * Campaigns, and calls `lead` for as long as the election is won: its signal aborts when the lead
 * is lost, at the latest when the lease has run out on this process' own monotonic clock, counted
 * from when the last renewal that succeeded was sent. `lead` then ends, and the campaign goes on.
 * Resolves after `signal` has aborted.
 */
export async function runElected(
  options: ElectedOptions,
  lead: (fence: Fence, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { clock, log, signal, election } = options;
  while (!signal.aborted) {
    const startedAt = clock.monotonic();
    try {
      const fence = await campaign(options);
      if (fence) {
        log.info({ election, token: fence.token }, 'elected');
        await new Leadership(options, fence).run(lead);
      }
    } catch (thrown) {
      if (signal.aborted) return;
      log.debug({ election, error: QuorateError.from(thrown).message }, 'campaign interrupted');
    }
    const elapsed = clock.monotonic() - startedAt;
    // Aborted while waiting: the loop's condition ends it.
    if (elapsed < retryMs) await clock.sleep(retryMs - elapsed, signal).catch(() => undefined);
  }
}

async function campaign(options: ElectedOptions): Promise<Fence | undefined> {
  const { api, election, identity, leaseSeconds = 3, signal } = options;
  const { elected, leader } = await orAborted(
    api.campaign({ election, identity, leaseSeconds, waitMs: campaignWaitMs }, signal),
    signal,
  );
  return elected ? { election, token: leader.token } : undefined;
}

/** One term of leading. */
class Leadership {
  readonly #options: ElectedOptions;
  readonly #fence: Fence;
  readonly #leaseMs: number;
  readonly #lost: AbortController;
  readonly #release: () => void;
  #expiry: Timer | undefined;

  constructor(options: ElectedOptions, fence: Fence) {
    this.#options = options;
    this.#fence = fence;
    this.#leaseMs = (options.leaseSeconds ?? 3) * 1_000;
    const { controller, release } = childController(options.signal);
    this.#lost = controller;
    this.#release = release;
  }

  async run(lead: (fence: Fence, signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#lost;
    // How long the campaign's answer was under way is not known: the lease counts from here.
    if (await this.#renew()) await this.#leadUntilAborted(lead, signal);
    else if (signal.aborted) await this.#resign();
    this.#expiry?.cancel();
    this.#release();
  }

  async #leadUntilAborted(
    lead: (fence: Fence, signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const renewing = this.#keepRenewing(signal);
    const leading = this.#lead(lead, signal);
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    await Promise.race([leading, aborted]);
    // Its writes are fenced, so a lead that does not end in time cannot do harm.
    await Promise.race([leading, this.#options.clock.sleep(handOverMs)]);
    this.#lost.abort();
    await this.#resign();
    await Promise.all([renewing, leading]);
  }

  async #lead(
    lead: (fence: Fence, signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await lead(this.#fence, signal);
    } catch (thrown) {
      if (!signal.aborted)
        this.#options.log.error({ error: thrown }, 'leading ended with an error');
    }
  }

  async #keepRenewing(signal: AbortSignal): Promise<void> {
    const { clock, renewMs = this.#leaseMs / 3 } = this.#options;
    let pauseMs = renewMs;
    while (!signal.aborted) {
      // Aborted while waiting: the loop's condition ends it.
      await clock.sleep(pauseMs, signal).catch(() => undefined);
      if (!signal.aborted) pauseMs = (await this.#renew()) ? renewMs : renewMs / 4;
    }
  }

  /** Whether the lease is extended. A renewal that hangs does not keep it from running out. */
  async #renew(): Promise<boolean> {
    const { api, clock, identity, log } = this.#options;
    const { signal } = this.#lost;
    const sentAt = clock.monotonic();
    try {
      await orAborted(api.renew(this.#fence, identity), signal);
    } catch (thrown) {
      if (signal.aborted) return false;
      const error = QuorateError.from(thrown);
      log.warn({ election: this.#fence.election, error: error.message }, 'renewal failed');
      if (error.code === 'fenced') this.#lose('another leader was elected');
      return false;
    }
    this.#expiry?.cancel();
    const leftMs = sentAt + this.#leaseMs - clock.monotonic();
    this.#expiry = clock.after(leftMs, () => this.#lose('the lease ran out'));
    return true;
  }

  #lose(reason: string): void {
    const { election } = this.#fence;
    this.#options.log.warn({ election, reason }, 'lead lost');
    this.#lost.abort(new QuorateError('fenced', `${election}: ${reason}`));
  }

  /** So that the next leader need not wait for the lease to run out. */
  async #resign(): Promise<void> {
    const { api, clock, identity } = this.#options;
    const resigned = api.resign(this.#fence, identity).catch((thrown: unknown) => {
      // Lost already, or nobody to tell: then the lease runs out by itself.
      this.#options.log.debug({ error: QuorateError.from(thrown).message }, 'not resigned');
    });
    await Promise.race([resigned, clock.sleep(handOverMs)]);
  }
}
