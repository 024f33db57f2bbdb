// The stack, marks and memo of a pickle, and a budget: a small file can ask for work and memory without end, so both
// are counted.

import { damaged, PickleError } from './pickle-error.ts';
import type { PickleValue } from './pickle-values.ts';

/** What a value on the stack and a container cost; a whole SDXL checkpoint costs 0.3 million. */
const stepCost = 1;
const containerCost = 8;
const budget = 4_000_000;

export class PickleStack {
  readonly #values: PickleValue[] = [];
  /** Heights of the stack at which a mark lies. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #spent = 0;

  push(value: PickleValue): void {
    this.#spend(stepCost);
    this.#values.push(value);
  }

  /** A list, tuple, set, dict or object, new in memory. */
  pushContainer(value: PickleValue): void {
    this.#spend(containerCost);
    this.push(value);
  }

  pop(): PickleValue {
    this.#checkHeight(1);
    return this.#values.pop()!;
  }

  top(): PickleValue {
    this.#checkHeight(1);
    return this.#values.at(-1)!;
  }

  /** The uppermost `count` values, in the order in which they were pushed. */
  popSeveral(count: number): PickleValue[] {
    this.#checkHeight(count);
    return this.#values.splice(this.#values.length - count);
  }

  mark(): void {
    this.#spend(stepCost);
    this.#marks.push(this.#values.length);
  }

  popToMark(): PickleValue[] {
    const height = this.#marks.pop() ?? damaged('its pickle closes what it never opened');
    return this.#values.splice(height);
  }

  /** What the pickle stands for, once it has ended. */
  result(): PickleValue {
    const value = this.pop();
    return this.#values.length + this.#marks.length === 0 ? value : damaged('its pickle ends with values left over');
  }

  memoize(index = this.#memo.size): void {
    this.#spend(stepCost);
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) damaged('its pickle refers to what it never stored');
    this.push(value!);
  }

  #spend(cost: number): void {
    this.#spent += cost;
    if (this.#spent > budget) throw new PickleError('unsupported', 'its pickle is larger than that of any model');
  }

  /** Nothing below the last mark may be taken. */
  #checkHeight(count: number): void {
    if (this.#values.length - (this.#marks.at(-1) ?? 0) < count) damaged('its pickle takes more values than it has');
  }
}
