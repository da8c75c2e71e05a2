import type { Clock } from '#shared/clock';

/** grpc-js has written an answer three turns of the event loop after its handler made it; some to spare. */
const answerTurns = 5;

/** Calls `then` when what this turn answers is on its way, and whoever answered may be gone. */
export function afterAnswer(clock: Clock, then: () => void, turns = answerTurns): void {
  clock.soon(() => (turns > 1 ? afterAnswer(clock, then, turns - 1) : then()));
}
