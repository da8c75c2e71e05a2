import type { Http2Session } from 'node:http2';

/** What the requests of one connection that are not whole yet may hold together. */
const maxBytes = 16 << 20;

/** A stream of HTTP/2, or what stands before it. */
export interface Held {
  pause(): void;
  resume(): void;
}

/**
 * Requests of one client that have come in part. While they hold much only the oldest is read on, and the others wait in the
 * client: so one that begins many large requests and ends none costs little, and one that ends them is served.
 */
export class IncompleteRequests {
  readonly #maxBytes: number;
  /** Oldest first. */
  readonly #held = new Map<Held, number>();
  readonly #paused = new Set<Held>();
  #bytes = 0;

  constructor(max = maxBytes) {
    this.#maxBytes = max;
  }

  /** So much of its request has come. */
  holds(request: Held, bytes: number): void {
    this.#bytes += bytes - (this.#held.get(request) ?? 0);
    this.#held.set(request, bytes);
    if (this.#bytes <= this.#maxBytes || request === this.#oldest) return;
    this.#paused.add(request);
    request.pause();
  }

  /** It is whole, or given up. */
  over(request: Held): void {
    const bytes = this.#held.get(request);
    if (bytes === undefined) return;
    this.#bytes -= bytes;
    this.#held.delete(request);
    this.#resume(request);
    if (this.#bytes <= this.#maxBytes / 2) for (const each of this.#paused) this.#resume(each);
    else if (this.#oldest) this.#resume(this.#oldest);
  }

  get #oldest(): Held | undefined {
    const [oldest] = this.#held.keys();
    return oldest;
  }

  #resume(request: Held): void {
    if (this.#paused.delete(request)) request.resume();
  }
}

const ofSessions = new WeakMap<Http2Session, IncompleteRequests>();

export function incompleteOf(session: Http2Session): IncompleteRequests {
  let requests = ofSessions.get(session);
  if (!requests) {
    requests = new IncompleteRequests();
    ofSessions.set(session, requests);
  }
  return requests;
}
