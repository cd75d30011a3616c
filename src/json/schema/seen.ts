// Which properties or items of one value some keyword has looked at: what is left is for `unevaluatedProperties` and
// `unevaluatedItems`. Nothing else asks.

export class Seen {
  allProperties = false;
  allItems = false;
  /** Items before this one. */
  firstItems = 0;
  readonly #properties = new Set<string>();
  readonly #items = new Set<number>();

  addProperty(name: string): void {
    this.#properties.add(name);
  }

  addItem(index: number): void {
    this.#items.add(index);
  }

  hasProperty(name: string): boolean {
    return this.allProperties || this.#properties.has(name);
  }

  hasItem(index: number): boolean {
    return this.allItems || index < this.firstItems || this.#items.has(index);
  }
}
