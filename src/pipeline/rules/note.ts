/** What a log record says of a rule that matched. Texts are wire bytes, one latin1 character each, made at build time. */
export interface SecurityNote {
  readonly action: string;
  readonly id: string;
  readonly description: string;
  /** Logpush's word for where it comes from. */
  readonly source: string;
}

/** A text of the config as an item of a list: UTF-8 bytes, without control characters. */
export function noteText(text: string): string {
  const plain = text.replace(/\p{Cc}/gu, ' ');
  return Buffer.from(plain, 'utf8').toString('latin1');
}
