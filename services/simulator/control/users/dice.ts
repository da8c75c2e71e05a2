/** Numbers taken from one number, each as if by itself. */
export class Dice {
  #left: number;

  constructor(pick: number) {
    this.#left = pick * 7919 + 13;
  }

  int(below: number): number {
    this.#left = (this.#left * 48_271 + 11) % 2_147_483_647;
    return this.#left % below;
  }
}
