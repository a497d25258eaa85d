/** Regular expressions as .NET writes them, which is what clients send, for JavaScript. */

import { invalidArgument } from "./status.js";

/**
 * Translates what JavaScript has under another name or means otherwise; refuses what it does not have.
 * @throws RpcError when it cannot be translated, or is none
 */
export function fromDotNet(pattern: string): RegExp {
  try {
    const inline = /^\(\?([imsn]+)\)/.exec(pattern);
    const options = inline?.[1] ?? "";
    if (options.includes("n")) throw new SyntaxError("the option n (explicit capture) is not known here");
    const source = new Translation(pattern, inline?.[0].length ?? 0, options).source();
    return new RegExp(source, options.includes("i") ? "vi" : "v");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidArgument(
      `The filter's regular expression ${pattern} cannot be used: ${error.message}. Use prefixes, or an expression that both .NET and JavaScript know.`,
    );
  }
}

/** Outside of a class; each stands for one character there, or for a place. */
const words = "\\p{L}\\p{Mn}\\p{Nd}\\p{Pc}";
const atWord = `(?<=[${words}])`;
const beforeWord = `(?=[${words}])`;
const [notAfterWord, notBeforeWord] = [`(?<![${words}])`, `(?![${words}])`];
const veryEnd = "(?![^])";

/** .NET's classes are those of Unicode. */
const escapes: Readonly<Record<string, string>> = {
  A: "(?<![^])",
  z: veryEnd,
  Z: `(?=\\n?${veryEnd})`,
  b: `(?:${atWord}${notBeforeWord}|${notAfterWord}${beforeWord})`,
  B: `(?:${atWord}${beforeWord}|${notAfterWord}${notBeforeWord})`,
};

const classEscapes: Readonly<Record<string, string>> = {
  a: "\\x07",
  e: "\\x1b",
  d: "\\p{Nd}",
  D: "\\P{Nd}",
  w: `[${words}]`,
  W: `[^${words}]`,
};

/** The same in both. */
const sameEscape = /^(?:[fnrtvsS]|x[\da-fA-F]{2}|u[\da-fA-F]{4}|c[A-Za-z]|[pP]\{\w+\})/;
const reference = /^(?:[1-9]\d*|k<\w+>)/;

class Translation {
  constructor(
    private readonly pattern: string,
    private at: number,
    private readonly options: string,
  ) {}

  source(): string {
    let source = "";
    while (this.at < this.pattern.length) source += this.next();
    return source;
  }

  private next(): string {
    const comment = this.take(/^\(\?#[^)]*\)/);
    if (comment !== undefined) return "";
    if (this.take(/^\[/)) return this.characterClass();
    if (this.take(/^\\/)) return this.take(reference, "\\") ?? this.escape(escapes);
    if (/^\(\?(?![:=!]|<[=!]|<[A-Za-z_]\w*>)/.test(this.rest))
      throw new SyntaxError(`${this.rest.slice(0, 4)} is not known here`);
    const quantifier = this.take(/^\{\d+(?:,\d*)?\}/);
    if (quantifier !== undefined) return quantifier;
    const character = this.take(/^./su)!;
    const multiline = this.options.includes("m");
    switch (character) {
      case ".":
        return this.options.includes("s") ? "[^]" : "[^\\n]";
      case "^":
        return multiline ? "(?<![^\\n])" : "(?<![^])";
      case "$":
        return multiline ? `(?=\\n|${veryEnd})` : `(?=\\n?${veryEnd})`;
      case "{":
      case "}":
      case "]":
      case "/":
        return `\\${character}`;
      default:
        return character;
    }
  }

  private characterClass(): string {
    let source = this.take(/^\^/) ? "[^" : "[";
    // A bracket in the first place is one of the characters.
    for (let first = true; first || !this.take(/^\]/); first = false) {
      if (this.rest === "") throw new SyntaxError("a class is not closed");
      if (this.rest.startsWith("-[")) throw new SyntaxError("subtraction from a class is not known here");
      const isRange = !first && /^-[^\]]/s.test(this.rest) && this.take(/^-/);
      if (isRange) source += "-";
      else if (this.take(/^\\/)) source += this.escape({ b: "\\x08" });
      else source += literal(this.take(/^./su)!);
    }
    return `${source}]`;
  }

  private escape(special: Readonly<Record<string, string>>): string {
    const same = this.take(sameEscape, "\\");
    if (same !== undefined) return same;
    const character = this.take(/^./su);
    if (character === undefined) throw new SyntaxError("it ends with a backslash");
    const translated = special[character] ?? classEscapes[character];
    if (translated !== undefined) return translated;
    if (/[\w]/.test(character)) throw new SyntaxError(`\\${character} is not known here`);
    return literal(character);
  }

  private get rest(): string {
    return this.pattern.slice(this.at);
  }

  /** Steps over what matches at this place. */
  private take(expected: RegExp, prefix = ""): string | undefined {
    const found = expected.exec(this.rest)?.[0];
    if (found === undefined) return undefined;
    this.at += found.length;
    return prefix + found;
  }
}

/** A character that means itself, wherever it stands. */
const literal = (character: string) =>
  /[\^$\\.*+?()[\]{}|/\-&!#%,:;<=>@`~]/.test(character) ? escaped(character) : character;

const escaped = (character: string) => `\\u{${character.codePointAt(0)!.toString(16)}}`;
