export const BLANK = /\s/;

/** Collects characters into the words of an expansion. */
export class WordList {
  readonly words: string[] = [];
  #word = "";

  /** Adds a character. A blank one ends the word. */
  add(char: string): void {
    if (!BLANK.test(char)) this.#word += char;
    else if (this.#word !== "") this.flush();
  }

  addRaw(text: string): void {
    this.#word += text;
  }

  flush(): string[] {
    if (this.#word !== "") this.words.push(this.#word);
    this.#word = "";
    return this.words;
  }
}
