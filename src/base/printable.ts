// Makes text from elsewhere safe to print, and short enough.

/** Text for a terminal: whatever is not printable ASCII is escaped, so that no name or file can steer it. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** At most `most` characters of a text. */
export function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 3)}...` : text;
}
