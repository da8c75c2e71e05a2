import { expect, test } from 'vitest';
import { LargeAnswers } from './large-answers.ts';

test('the next answer is made once all that its client has said is heard, for it may have gone', async () => {
  const answers = new LargeAnswers();
  const over = await answers.turn();
  let made = false;
  const next = answers.turn().then((end) => {
    made = true;
    return end;
  });
  over();
  // What a connection's end tells stream by stream comes in one turn of the loop.
  for (let i = 0; i < 10; i++) await Promise.resolve();
  expect(made).toBe(false);
  (await next)();
  expect(made).toBe(true);
});
