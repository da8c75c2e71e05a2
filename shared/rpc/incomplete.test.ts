import { expect, test } from 'vitest';
import { type Held, IncompleteRequests } from './incomplete.ts';

class Request implements Held {
  flows = true;
  pause(): void {
    this.flows = false;
  }
  resume(): void {
    this.flows = true;
  }
}

test('beyond what they may hold together only the oldest is read on, and then the next', () => {
  const requests = new IncompleteRequests(100);
  const all = Array.from({ length: 4 }, () => new Request());
  const [a, b, c, d] = all as [Request, Request, Request, Request];
  const flowing = (): boolean[] => all.map(({ flows }) => flows);
  for (const request of all) requests.holds(request, 20);
  expect(flowing()).toEqual([true, true, true, true]);
  for (const request of all) requests.holds(request, 40);
  expect(flowing()).toEqual([true, false, false, false]);
  requests.holds(a, 90);
  expect(flowing()).toEqual([true, false, false, false]);
  requests.over(a);
  expect(flowing()).toEqual([true, true, false, false]);
  requests.over(b);
  expect(flowing()).toEqual([true, true, true, false]);
  requests.over(d);
  requests.holds(c, 41);
  expect(flowing()).toEqual([true, true, true, true]);
});

test('one that ends while it is paused flows to its end', () => {
  const requests = new IncompleteRequests(10);
  const [a, b] = [new Request(), new Request()];
  requests.holds(a, 9);
  requests.holds(b, 9);
  expect(b.flows).toBe(false);
  requests.over(b);
  expect(b.flows).toBe(true);
  requests.over(b);
  requests.over(a);
  requests.holds(b, 11);
  expect(b.flows).toBe(true);
});
